"""PowerPoint presentations: a page for each slide with its title as heading, speaker notes at the end."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gpts.knowledge.extraction.archives import Archive, free_element
from gpts.knowledge.extraction.types import HEADING_LENGTH, Section, Source

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
TITLES = ("title", "ctrTitle")


def read(source: Source) -> Iterator[Section]:
    archive = Archive(source)
    slides = _list_slides(archive)
    for number, name in enumerate(slides, 1):
        title, paragraphs = _read_slide(archive, name)
        notes = _read_notes(archive, name)
        if paragraphs or notes or title:
            yield Section(title[:HEADING_LENGTH], tuple(paragraphs + notes) or (title,), number)
        source.report(number / len(slides))


def _list_slides(archive: Archive) -> list[str]:
    """Return the names of the slides in the order of the presentation."""
    targets = _read_relations(archive, "ppt/presentation.xml")
    order = [
        targets.get(element.get(f"{R}id", ""), "")
        for element in archive.iter_elements("ppt/presentation.xml", (f"{P}sldId",))
    ]
    # A presentation has each slide once; a hostile one lists it a hundred thousand times.
    return [name for name in dict.fromkeys(order) if name in archive.names]


def _read_relations(archive: Archive, name: str) -> dict[str, str]:
    folder, base = posixpath.split(name)
    relations = f"{folder}/_rels/{base}.rels"
    if relations not in archive.names:
        return {}
    return {
        element.get("Id", ""): posixpath.normpath(posixpath.join(folder, element.get("Target", "")))
        if not element.get("Target", "").startswith("/")
        else element.get("Target", "").lstrip("/")
        for element in archive.iter_elements(relations, (RELATION,))
    }


def _read_slide(archive: Archive, name: str) -> tuple[str, list[str]]:
    title = ""
    paragraphs: list[str] = []
    for shape in archive.iter_elements(name, (f"{P}sp", f"{A}tr")):
        if shape.tag == f"{A}tr":
            cells = (
                " ".join("".join(map(str, cell.itertext(f"{A}t"))).split()) for cell in shape.iter(f"{A}tc")
            )
            row = " · ".join(filter(None, cells))
            if row:
                paragraphs.append(row)
            free_element(shape)
            continue
        kind = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
        texts = [" ".join("".join(map(str, p.itertext(f"{A}t"))).split()) for p in shape.iter(f"{A}p")]
        texts = [text for text in texts if text]
        if kind is not None and kind.get("type") in TITLES and not title:
            title = " ".join(texts)
        elif kind is None or kind.get("type") not in ("sldNum", "dt", "ftr"):
            paragraphs.extend(texts)
        # Its text would be read again with each shape around it.
        shape.clear()
    return title, paragraphs


def _read_notes(archive: Archive, slide: str) -> list[str]:
    for target in _read_relations(archive, slide).values():
        if "/notesSlides/" in target and target in archive.names:
            return [text for text in _read_slide(archive, target)[1] if text]
    return []
