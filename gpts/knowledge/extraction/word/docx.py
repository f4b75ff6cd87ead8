"""Word documents: headings by style, pages by counting page breaks, a paragraph for each table row.

What stands outside of the text (headers and footers, notes, comments) follows it, once.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from gpts.knowledge.extraction.office.archives import Archive, free_element
from gpts.knowledge.extraction.office.drawings import read_drawing
from gpts.knowledge.extraction.office.open_xml import R, find_main_part, read_relations
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.remarks import RemarkCode
from gpts.knowledge.extraction.types import Section, Source, join_headings, shorten_heading
from gpts.knowledge.extraction.word.chunks import read_chunk
from gpts.knowledge.extraction.word.number_fields import NumberFields
from gpts.knowledge.extraction.word.numbering import Numbering
from gpts.knowledge.extraction.word.styles import Styles, W, get_value, read_numbering, read_outline_level
from gpts.knowledge.extraction.word.tables import TableRows
from gpts.knowledge.extraction.word.text import FALLBACK, ParagraphReader, is_in_fallback

TAGS = (f"{W}p", f"{W}tc", f"{W}tr", f"{W}tbl", f"{W}altChunk", FALLBACK)
_MARGIN = re.compile(r"(?:header|footer)\d*\.xml$", re.IGNORECASE)
_FOOT = "footer"
_NOTES = {"footnotes": "Notes", "endnotes": "Notes", "comments": "Comments"}
# Formulas of old programs, which are pictures with data that only these read.
_FORMULA_PROGRAMS = ("Equation", "MathType")
# Paragraphs of headers and footers beyond this are no page heads.
MARGIN_LINES = 200


def read(source: Source) -> Iterator[Section]:
    document = _Document(source)
    yield from document.read_body()
    yield from document.read_margins()
    yield from document.read_notes()
    document.add_remarks()


class _Document:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._archive = Archive(source)
        self._part = find_main_part(self._archive, "word/document.xml")
        self._relations = read_relations(self._archive, self._part)
        self._styles = Styles(self._archive, self._find_part("styles"))
        self._numbering = Numbering(self._archive, self._find_part("numbering"), self._styles)
        self._fields = NumberFields(self._numbering.count_named)
        # The paragraph that is read, for its fields: number, heading level or 0, level in a list or 0.
        self._paragraph, self._heading, self._list_level = 0, 0, 0
        self._reader = ParagraphReader(count_field=self._count_field)
        self._rows = TableRows(self._read_cell_paragraph)
        self._outline = Outline()
        # The first heading, for what follows the text.
        self._title = ""
        self._drawings_read: set[str] = set()
        self._page = 1

    def _find_part(self, kind: str) -> str | None:
        """Return the part of a kind by its relationship, or by its usual name where that is missing."""
        for relation in self._relations.values():
            if relation.kind == kind:
                return relation.target
        return self._archive.find_name(posixpath.join(posixpath.dirname(self._part), f"{kind}.xml"))

    def read_body(self) -> Iterator[Section]:
        known = self._part in self._archive.names
        whole = max(self._archive.zip.getinfo(self._part).file_size, 1) if known else 1
        for element in self._archive.iter_elements(self._part, TAGS):
            if element.tag == FALLBACK:
                # It repeats what was read before it.
                continue
            if element.tag == f"{W}tc":
                self._rows.end_cell(element)
                continue
            if element.tag == f"{W}tbl":
                self._rows.end_table(element)
                continue
            if element.tag == f"{W}tr":
                yield from self._end_row(element)
            elif element.tag == f"{W}altChunk":
                yield from self._read_chunk(element)
            elif is_in_fallback(element):
                element.clear()
                continue
            elif self._rows.is_in_cell(element):
                continue
            else:
                yield from self._read_paragraph(element)
            free_element(element)
            self._source.report(min(self._archive.unpacked / whole, 1.0))
        yield from self._outline.end()

    def _read_paragraph(self, element: etree._Element) -> Iterator[Section]:
        breaks = _count_page_breaks(element)
        if breaks:
            # Without any break the document does not hold its pages.
            self._page += breaks
            self._outline.page = self._page
        text, level = self._read_text(element)
        if text and level:
            yield from self._outline.open(level, text)
            if level == 1:
                self._title = self._title or shorten_heading(text)
        elif text:
            yield self._build_section(text)
        yield from self._read_drawings()

    def _read_text(self, element: etree._Element) -> tuple[str, int]:
        """Return a paragraph's text with its number, and its heading level or 0."""
        properties = element.find(f"{W}pPr")
        style = get_value(properties, "pStyle") or ""
        reference, level = read_numbering(properties), read_outline_level(properties)
        level = self._styles.get_heading_level(style) if level is None else level
        self._paragraph, self._heading = self._paragraph + 1, level
        self._list_level = self._numbering.get_list_level(reference, style)
        text = self._reader.read(element).strip()
        if not text and _is_deleted(properties):
            return "", 0
        label = self._numbering.get_label(reference, style)
        if not text:
            # The rows of many tables are numbered so; elsewhere a number alone says nothing.
            return (label.strip() if self._rows.is_in_cell(element) else ""), 0
        return f"{label}{text}", level

    def _count_field(self, instruction: str, result: str) -> str:
        return self._fields.count(
            instruction,
            paragraph=self._paragraph,
            heading=self._heading,
            list_level=self._list_level,
            result=result,
        )

    def _read_cell_paragraph(self, element: etree._Element) -> str:
        return "" if is_in_fallback(element) else self._read_text(element)[0]

    def _end_row(self, element: etree._Element) -> Iterator[Section]:
        text, is_deleted = self._rows.end_row(element)
        self._reader.deleted += is_deleted
        if text:
            yield self._build_section(text)
        yield from self._read_drawings()

    def _read_drawings(self) -> Iterator[Section]:
        for identifier in self._reader.drawings:
            relation = self._relations.get(identifier)
            if relation is None or relation.target in self._drawings_read:
                continue
            self._drawings_read.add(relation.target)
            texts = read_drawing(self._archive, relation.target)
            if texts:
                yield self._build_section(*texts)
        self._reader.drawings.clear()

    def _read_chunk(self, element: etree._Element) -> Iterator[Section]:
        """Read a document that is embedded as a whole at this place, once."""
        relation = self._relations.get(element.get(f"{R}id", ""))
        if relation is None or relation.target in self._drawings_read:
            return
        self._drawings_read.add(relation.target)
        sections = read_chunk(self._archive, relation.target)
        if sections is None:
            ending = relation.target.rpartition(".")[2].upper()
            self._source.remarks.add(RemarkCode.PARTS_UNREAD, name=ending)
            return
        for section in sections:
            own = self._build_section(*section.paragraphs)
            yield replace(own, heading=join_headings([own.heading, section.heading]))

    def _build_section(self, *texts: str) -> Section:
        return self._outline.add(*texts)

    def read_margins(self) -> Iterator[Section]:
        """Yield each line of the page heads and feet once, without page numbers."""
        named = (
            relation.target for relation in self._relations.values() if relation.kind in ("header", "footer")
        )
        folder = posixpath.dirname(self._part)
        unnamed = (
            name
            for name in self._archive.names
            if posixpath.dirname(name) == folder and _MARGIN.match(posixpath.basename(name))
        )
        lines: dict[str, None] = {}
        reader = ParagraphReader(skips_page_numbers=True)
        # Heads before feet.
        for name in sorted({*named, *unnamed}, key=lambda name: (_FOOT in name, name)):
            for element in self._archive.iter_elements(name, (f"{W}p",)):
                text = " ".join(reader.read(element).split())
                if (
                    text
                    and not is_in_fallback(element)
                    and len(lines) < MARGIN_LINES
                    and _is_page_head(text, reader)
                ):
                    lines.setdefault(text)
                element.clear()
        if lines:
            yield Section(join_headings([self._title, "Header and footer"]), tuple(lines), None)

    def read_notes(self) -> Iterator[Section]:
        for kind, heading in _NOTES.items():
            part = self._find_part(kind)
            if part is None:
                continue
            for element in self._archive.iter_elements(part, (f"{W}p",)):
                self._paragraph, self._heading, self._list_level = self._paragraph + 1, 0, 0
                text = "" if is_in_fallback(element) else self._reader.read(element).strip()
                if text:
                    yield Section(join_headings([self._title, heading]), (text,), None)
                    if kind == "comments":
                        self._source.remarks.add(RemarkCode.COMMENTS_READ)
                free_element(element)

    def add_remarks(self) -> None:
        remarks = self._source.remarks
        if self._reader.deleted:
            remarks.add(RemarkCode.DELETED_TEXT, count=self._reader.deleted)
        if self._reader.hidden:
            remarks.add(RemarkCode.HIDDEN_TEXT, count=self._reader.hidden)
        for program in self._reader.objects:
            is_formula = program.startswith(_FORMULA_PROGRAMS)
            code = RemarkCode.PARTS_UNREAD if is_formula else RemarkCode.EMBEDDED_FILES
            remarks.add(code, name=program)


def _is_page_head(text: str, reader: ParagraphReader) -> bool:
    """Return whether a line says more than "Page of", which is left of "Page 2 of 3"."""
    return not reader.had_page_number or len(text) > 12 or any(letter.isdigit() for letter in text)


def _is_deleted(properties: etree._Element | None) -> bool:
    """Return whether a tracked change deletes or moves away the whole paragraph."""
    marks = None if properties is None else properties.find(f"{W}rPr")
    return marks is not None and any(marks.find(f"{W}{name}") is not None for name in ("del", "moveFrom"))


def _count_page_breaks(paragraph: etree._Element) -> int:
    rendered = sum(1 for _mark in paragraph.iter(f"{W}lastRenderedPageBreak"))
    explicit = sum(1 for mark in paragraph.iter(f"{W}br") if mark.get(f"{W}type") == "page")
    return max(rendered, explicit)
