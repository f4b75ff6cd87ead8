"""PowerPoint presentations: a page for each slide with its title as heading, speaker notes at the end.

Hidden slides are left out: nobody who is shown the presentation sees them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from gpts.knowledge.extraction.office.archives import Archive, free_element
from gpts.knowledge.extraction.office.drawings import read_drawing
from gpts.knowledge.extraction.office.open_xml import R, Relation, find_main_part, read_relations
from gpts.knowledge.extraction.remarks import RemarkCode, Remarks
from gpts.knowledge.extraction.slides.text import A, iter_texts
from gpts.knowledge.extraction.types import HEADING_LENGTH, Section, Source, shorten_heading
from gpts.knowledge.extraction.word.text import CHART, CHART_2016, DIAGRAM, FALLBACK, is_in_fallback

P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
TITLES = ("title", "ctrTitle")
# Placeholders of every slide: number, date, foot.
_REPEATED = ("sldNum", "dt", "ftr")
# Longer texts of merged cells are no names of groups, and are not repeated.
REPEATED_LENGTH = 200


def read(source: Source) -> Iterator[Section]:
    archive = Archive(source)
    slides = _list_slides(archive)
    drawings_read: set[str] = set()
    for number, name in enumerate(slides, 1):
        relations = read_relations(archive, name)
        slide = _read_slide(archive, name, relations, drawings_read)
        if slide is None:
            source.remarks.add(RemarkCode.HIDDEN_SLIDES, number=number)
            source.report(number / len(slides))
            continue
        paragraphs = slide.paragraphs + _read_notes(archive, relations)
        paragraphs += _read_comments(archive, relations, source.remarks)
        if paragraphs or slide.title:
            yield Section(slide.title[:HEADING_LENGTH], tuple(paragraphs) or (slide.title,), number)
        elif slide.has_pictures:
            source.remarks.add(RemarkCode.SLIDES_WITHOUT_TEXT, number=number)
        for program in slide.objects:
            source.remarks.add(RemarkCode.EMBEDDED_FILES, name=program)
        source.report(number / len(slides))


def _list_slides(archive: Archive) -> list[str]:
    """Return the names of the slides in the order of the presentation."""
    part = find_main_part(archive, "ppt/presentation.xml")
    relations = read_relations(archive, part)
    order = [
        relations[element.get(f"{R}id", "")].target
        for element in archive.iter_elements(part, (f"{P}sldId",))
        if element.get(f"{R}id", "") in relations
    ]
    # A presentation has each slide once; a hostile one lists it a hundred thousand times.
    return list(dict.fromkeys(order))


@dataclass
class _Slide:
    title: str = ""
    paragraphs: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    has_pictures: bool = False


def _read_slide(
    archive: Archive, name: str, relations: dict[str, Relation], drawings_read: set[str]
) -> _Slide | None:
    """Return what a slide or a page of notes says; None for a hidden one."""
    slide = _Slide()
    merged: dict[int, str] = {}
    tags = (f"{P}sp", f"{A}tr", f"{A}tbl", f"{P}graphicFrame", f"{P}pic", f"{P}cxnSp", FALLBACK)
    for shape in archive.iter_elements(name, tags):
        if shape.getroottree().getroot().get("show") in ("0", "false"):
            return None
        if shape.tag == FALLBACK or is_in_fallback(shape):
            # Repeats, for older programs, what stands beside it.
            shape.clear()
        elif shape.tag == f"{A}tr":
            row = _read_row(shape, merged)
            if row:
                slide.paragraphs.append(row)
            free_element(shape)
        elif shape.tag == f"{A}tbl":
            merged.clear()
        elif shape.tag == f"{P}graphicFrame":
            _read_frame(archive, shape, relations, drawings_read, slide)
            shape.clear()
        elif shape.tag == f"{P}pic":
            slide.has_pictures = True
            shape.clear()
        else:
            _read_shape(shape, slide)
            # Its text would be read again with each shape around it.
            shape.clear()
    return slide


def _read_shape(shape: etree._Element, slide: _Slide) -> None:
    place = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
    kind = "" if place is None else place.get("type", "")
    if kind in _REPEATED:
        return
    texts = list(iter_texts(shape))
    if kind in TITLES and not slide.title:
        slide.title = shorten_heading(" ".join(texts))
    else:
        slide.paragraphs.extend(texts)


def _read_row(row: etree._Element, merged: dict[int, str]) -> str:
    """Return a row's text; cells merged downwards are repeated in each row."""
    cells: list[str] = []
    for column, cell in enumerate(row.iterchildren(f"{A}tc")):
        text = " ".join(iter_texts(cell))
        if cell.get("vMerge") in ("1", "true"):
            text = text or merged.get(column, "")
        elif cell.get("rowSpan", "1") != "1" and len(text) <= REPEATED_LENGTH:
            merged[column] = text
        else:
            merged.pop(column, None)
        cells.append(text)
    return " · ".join(filter(None, cells))


def _read_frame(
    archive: Archive,
    frame: etree._Element,
    relations: dict[str, Relation],
    drawings_read: set[str],
    slide: _Slide,
) -> None:
    """Read a chart or diagram, each part once; note other objects. Tables were read row by row."""
    for element in frame.iter(CHART, CHART_2016, DIAGRAM, f"{P}oleObj"):
        if element.tag == f"{P}oleObj":
            if not is_in_fallback(element):
                slide.objects.append(element.get("progId", ""))
            continue
        relation = relations.get(element.get(f"{R}dm" if element.tag == DIAGRAM else f"{R}id", ""))
        if relation is not None and relation.target not in drawings_read:
            drawings_read.add(relation.target)
            slide.paragraphs.extend(read_drawing(archive, relation.target))


def _read_notes(archive: Archive, relations: dict[str, Relation]) -> list[str]:
    for relation in relations.values():
        if relation.kind == "notesSlide" or "/notesSlides/" in relation.target:
            page = _read_slide(archive, relation.target, {}, set())
            return page.paragraphs if page is not None else []
    return []


def _read_comments(archive: Archive, relations: dict[str, Relation], remarks: Remarks) -> list[str]:
    """Return the comments on a slide, of the old and the new form."""
    found: list[str] = []
    for relation in relations.values():
        if relation.kind != "comments":
            continue
        for element in archive.iter_elements(relation.target, (f"{P}text", f"{A}p")):
            text = " ".join((element.text or "").split()) if element.tag == f"{P}text" else _join(element)
            if text:
                found.append(text)
                remarks.add(RemarkCode.COMMENTS_READ)
            element.clear()
    return found


def _join(paragraph: etree._Element) -> str:
    return " ".join("".join(map(str, paragraph.itertext(f"{A}t"))).split())
