"""OpenDocument: texts (ODT), spreadsheets (ODS) and presentations (ODP). By OASIS OpenDocument 1.3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lxml import etree

from gpts.knowledge.extraction.office.archives import Archive, free_element
from gpts.knowledge.extraction.office.opendocument_lists import STYLES as LIST_STYLES
from gpts.knowledge.extraction.office.opendocument_lists import Lists
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.remarks import RemarkCode
from gpts.knowledge.extraction.tables.grid import Cell, CellKind, Row
from gpts.knowledge.extraction.tables.sheets import COLUMNS, Note, SheetRows, write_sheet
from gpts.knowledge.extraction.types import HEADING_LENGTH, Section, Source, UnreadableError

CONTENT, STYLE_SHEET = "content.xml", "styles.xml"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
SHOW = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_P, _H, _ROW, _CELL = f"{TEXT}p", f"{TEXT}h", f"{TABLE}table-row", f"{TABLE}table-cell"
# Elements in a paragraph whose text does not belong to it.
_ASIDE = frozenset({
    f"{OFFICE}annotation", f"{TEXT}note", f"{TEXT}ruby-text", f"{DRAW}text-box", f"{TEXT}tracked-changes",
    f"{DRAW}object", f"{TEXT}number",
    f"{TEXT}change-start", f"{TEXT}bookmark", f"{DRAW}custom-shape",
})  # fmt: skip
_SPACES = {f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}
_REPEATED_SPACES = 200


def read_text(source: Source) -> Iterator[Section]:
    archive = _open(source)
    outline = Outline()
    lists = Lists()
    if STYLE_SHEET in archive.names:
        for element in archive.iter_elements(STYLE_SHEET, LIST_STYLES):
            lists.add_style(element)
            free_element(element)
    for element in archive.iter_elements(
        CONTENT, (_P, _H, _ROW, f"{TEXT}tracked-changes", f"{TEXT}index-body", *LIST_STYLES)
    ):
        if element.tag in LIST_STYLES:
            lists.add_style(element)
            free_element(element)
            continue
        if element.tag in (f"{TEXT}tracked-changes", f"{TEXT}index-body"):
            free_element(element)
            continue
        above = {ancestor.tag for ancestor in element.iterancestors()}
        if (
            f"{TEXT}tracked-changes" in above
            or f"{TEXT}index-body" in above
            or f"{OFFICE}annotation" in above
        ):
            continue
        if element.tag == _ROW:
            cells = (" ".join(_get_all_text(cell).split()) for cell in element.iterchildren(_CELL))
            row = " · ".join(filter(None, cells))
            if row:
                yield outline.add(row)
            element.clear()
            continue
        if _CELL in above or f"{TEXT}note" in above:
            continue
        text = _get_text(element).strip()
        # Empty items count; boxes are no paragraphs of the list in which they stand.
        label = lists.get_label(element) if f"{DRAW}frame" not in above else ""
        text = f"{label}{text}" if text else ""
        notes = [" ".join(_get_all_text(body).split()) for body in element.iter(f"{TEXT}note-body")]
        if text and element.tag == _H:
            yield from outline.open(_get_level(element), text)
        elif text:
            yield outline.add("\n".join([text, *filter(None, notes)]))
        if f"{DRAW}frame" not in above:
            free_element(element)
    yield from outline.end()


def _open(source: Source) -> Archive:
    archive = Archive(source)
    if CONTENT not in archive.names:
        raise UnreadableError("malformed")
    if "META-INF/manifest.xml" in archive.names:
        for element in archive.iter_elements("META-INF/manifest.xml", ("{*}encryption-data",)):
            if element is not None:
                raise UnreadableError("encrypted")
    if any(
        name.startswith(("Basic/", "Scripts/")) and name.endswith((".xml", ".py", ".js", ".bsh"))
        for name in archive.names
    ):
        macros = [name for name in archive.names if name.startswith(("Basic/", "Scripts/"))]
        if any(
            not name.endswith(("script-lc.xml", "script-lb.xml")) for name in macros if not name.endswith("/")
        ):
            raise UnreadableError("macros")
    return archive


def _get_level(element: etree._Element) -> int:
    level = element.get(f"{TEXT}outline-level", "1")
    return max(1, min(int(level), 9)) if level.isdecimal() and len(level) < 4 else 1


def _get_text(element: etree._Element) -> str:
    """Return the text of a paragraph without what only stands beside it: comments, notes, boxes."""
    parts: list[str] = []
    _collect(element, parts)
    return "".join(parts)


def _collect(element: etree._Element, parts: list[str]) -> None:
    parts.append(element.text or "")
    for child in element:
        if child.tag in _SPACES:
            parts.append(_SPACES[child.tag])
        elif child.tag == f"{TEXT}s":
            parts.append(" " * min(_get_count(child, f"{TEXT}c"), _REPEATED_SPACES))
        elif child.tag not in _ASIDE and isinstance(child.tag, str):
            _collect(child, parts)
        parts.append(child.tail or "")


def _get_all_text(element: etree._Element) -> str:
    return " ".join(_get_text(paragraph) for paragraph in element.iter(_P, _H))


def _get_count(element: etree._Element, name: str) -> int:
    value = element.get(name, "1")
    return int(value) if value.isdecimal() and len(value) < 10 else 1


def read_slides(source: Source) -> Iterator[Section]:
    archive = _open(source)
    hidden: set[str] = set()
    number = 0
    for element in archive.iter_elements(CONTENT, (f"{STYLE}style", f"{DRAW}page")):
        if element.tag == f"{STYLE}style":
            properties = element.find(f"{STYLE}drawing-page-properties")
            if properties is not None and properties.get(f"{SHOW}visibility") == "hidden":
                hidden.add(element.get(f"{STYLE}name", ""))
            continue
        number += 1
        if element.get(f"{DRAW}style-name", "") in hidden:
            source.remarks.add(RemarkCode.HIDDEN_SLIDES, number=number)
        else:
            yield from _read_slide(element, number)
        free_element(element)


def _read_slide(page: etree._Element, number: int) -> Iterator[Section]:
    title = ""
    texts: list[str] = []
    for child in page:
        paragraphs = [text for p in child.iter(_P, _H) if (text := " ".join(_get_text(p).split()))]
        if child.get(f"{SHOW}class") == "title" and not title:
            title = " ".join(paragraphs)
        elif child.get(f"{SHOW}class") not in ("page-number", "date-time", "footer", "header"):
            texts += paragraphs
    if title or texts:
        yield Section(title[:HEADING_LENGTH], tuple(texts) or (title,), number)


def read_sheets(source: Source) -> Iterator[Section]:
    reader = _SheetReader(_open(source), source)
    for sheet, pairs in groupby(reader.iter_rows(), key=lambda pair: pair[0]):
        yield from write_sheet(sheet.name, reader.number, sheet, (row for _sheet, row in pairs))


class _SheetReader:
    def __init__(self, archive: Archive, source: Source) -> None:
        self._archive = archive
        self._source = source
        self._hidden: set[str] = set()
        self.number = 0

    def iter_rows(self) -> Iterator[tuple[SheetRows, Row]]:
        """Yield the rows of all visible sheets, each with its sheet."""
        tags = (f"{STYLE}style", f"{TABLE}table-column", _ROW, f"{TABLE}table")
        sheet: SheetRows | None = None
        row = column = 0
        for element in self._archive.iter_elements(CONTENT, tags):
            if element.tag == f"{STYLE}style":
                properties = element.find(f"{STYLE}table-properties")
                if properties is not None and properties.get(f"{TABLE}display") == "false":
                    self._hidden.add(element.get(f"{STYLE}name", ""))
                continue
            if element.tag == f"{TABLE}table":
                sheet, row, column = None, 0, 0
                free_element(element)
                continue
            table = next(element.iterancestors(f"{TABLE}table"), None)
            if table is None or table.get(f"{TABLE}style-name", "") in self._hidden:
                if table is not None and sheet is None:
                    sheet = self._skip(table)
                free_element(element)
                continue
            if sheet is None:
                sheet = SheetRows(self._source.remarks, table.get(f"{TABLE}name", ""), merges={})
                self.number += 1
            is_hidden = element.get(f"{TABLE}visibility") in ("collapse", "filter")
            if element.tag == f"{TABLE}table-column":
                last = column + _get_count(element, f"{TABLE}number-columns-repeated")
                if is_hidden:
                    sheet.hide_columns(column + 1, last)
                column = last
                continue
            cells = self._read_cells(element, row + 1, sheet)
            built = sheet.build(row + 1, cells, is_hidden=is_hidden)
            row += _get_count(element, f"{TABLE}number-rows-repeated")
            free_element(element)
            if built is not None:
                yield sheet, built

    def _skip(self, table: etree._Element) -> SheetRows:
        name = table.get(f"{TABLE}name", "")
        self._source.remarks.add(RemarkCode.HIDDEN_SHEETS, name=name)
        return SheetRows(self._source.remarks, name)

    def _read_cells(self, row: etree._Element, number: int, sheet: SheetRows) -> dict[int, Cell]:
        cells: dict[int, Cell] = {}
        column = 0
        for element in row.iterchildren(_CELL, f"{TABLE}covered-table-cell"):
            repeated = _get_count(element, f"{TABLE}number-columns-repeated")
            cell = _read_cell(element, sheet) if element.tag == _CELL else None
            if cell is not None:
                if column >= COLUMNS:
                    sheet.note_wide(column + 1)
                for at in range(column + 1, min(column + repeated, COLUMNS) + 1):
                    cells[at] = cell
                rows = _get_count(element, f"{TABLE}number-rows-spanned")
                columns = _get_count(element, f"{TABLE}number-columns-spanned")
                if rows > 1 or columns > 1:
                    sheet.merges[number, column + 1] = number + rows - 1, column + columns
            for note in element.iterchildren(f"{OFFICE}annotation"):
                text = " ".join(_get_all_text(note).split())
                if text:
                    sheet.add_note(Note(number, column + 1, text))
            column += repeated
        return cells


def _read_cell(element: etree._Element, sheet: SheetRows) -> Cell | None:
    """Return a cell with the text that the program showed, as the file has it."""
    text = "\n".join(filter(None, (_get_text(paragraph) for paragraph in element.iterchildren(_P))))
    kind = element.get(f"{OFFICE}value-type", "")
    if not text and kind in ("float", "percentage", "currency"):
        text = element.get(f"{OFFICE}value", "")
    elif not text:
        text = (
            element.get(f"{OFFICE}{kind}-value", "") if kind in ("date", "time", "boolean", "string") else ""
        )
    formula = element.get(f"{TABLE}formula", "")
    if not text and formula and kind != "string":
        sheet.note_formula()
        text = formula.partition(":")[2]
    text = " ".join(text.split())
    if not text:
        return None
    kinds = {
        "float": CellKind.NUMBER,
        "percentage": CellKind.NUMBER,
        "currency": CellKind.NUMBER,
        "date": CellKind.DATE,
    }
    return Cell(text, kinds.get(kind, CellKind.TEXT))
