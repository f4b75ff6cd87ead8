"""Excel workbooks: a page for each visible sheet, a paragraph for each row, comments at its end."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from gpts.knowledge.extraction.office.archives import Archive, free_element
from gpts.knowledge.extraction.tables.grid import Cell, CellKind, Row
from gpts.knowledge.extraction.tables.number_format import BUILT_IN, format_number, is_date_format
from gpts.knowledge.extraction.tables.sheets import COLUMNS, Note, SheetRows, note_hidden_sheet, write_sheet
from gpts.knowledge.extraction.types import Section, Source, UnreadableError

# Excel itself allows no more in a cell; many cells may refer to one long shared text.
CELL_LENGTH = 32_767
# Merged ranges of a sheet that are looked at; a hostile file has millions.
MERGES = 50_000
NOTES = 5_000
_HIDDEN = ("hidden", "veryHidden")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,10})")
_MERGE = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^>]{0,200}?ref=[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"
)
_SPARE = 300
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass
class _Book:
    archive: Archive
    strings: list[str]
    formats: list[str]
    bold: list[bool]
    is_1904: bool


@dataclass
class _Sheet:
    """What belongs to a sheet but stands in other parts, or behind its rows."""

    merges: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    heads: set[int] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)


def read(source: Source) -> Iterator[Section]:
    archive = Archive(source)
    main = find_main_part(archive)
    relations = read_relations(archive, main)
    strings = next((target for kind, target in relations.values() if kind == "sharedStrings"), "")
    styles = next((target for kind, target in relations.values() if kind == "styles"), "")
    is_1904, sheets = _list_sheets(archive, main)
    formats, bold = _read_styles(archive, styles)
    book = _Book(archive, _read_strings(archive, strings), formats, bold, is_1904)
    number = 0
    for at, (name, state, relation) in enumerate(sheets, 1):
        kind, part = relations.get(relation, ("", ""))
        if kind != "worksheet" or part not in archive.names:
            continue
        if state in _HIDDEN:
            note_hidden_sheet(source.remarks, name)
            continue
        number += 1
        sheet = _read_surroundings(archive, part)
        rows = SheetRows(source.remarks, name, merges=sheet.merges, heads=sheet.heads, notes=sheet.notes)
        yield from write_sheet(name, number, rows, _iter_rows(book, part, rows), boxes=sheet.boxes)
        source.report(at / len(sheets))


def find_main_part(archive: Archive) -> str:
    """Return the name of the workbook's main part, which other programs may name as they like."""
    targets = read_relations(archive, "")
    part = next((target for kind, target in targets.values() if kind == "officeDocument"), "")
    if part in archive.names:
        return part
    for name in ("xl/workbook.xml", "xl/workbook.bin"):
        if name in archive.names:
            return name
    raise UnreadableError("malformed")


def read_relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Return kind (the last part of its type) and target by the id of a relation of ``part``."""
    folder, base = posixpath.split(part)
    name = posixpath.join(folder, "_rels", f"{base}.rels")
    if name not in archive.names:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for element in archive.iter_elements(name, ("{*}Relationship",)):
        target = element.get("Target", "")
        if element.get("TargetMode") != "External":
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            kind = element.get("Type", "").rpartition("/")[2]
            found[element.get("Id", "")] = kind, posixpath.normpath(path)
        free_element(element)
    return found


def _list_sheets(archive: Archive, main: str) -> tuple[bool, list[tuple[str, str, str]]]:
    """Return whether days count from 1904, and name, state and relation of each sheet."""
    is_1904 = False
    sheets: list[tuple[str, str, str]] = []
    for element in archive.iter_elements(main, ("{*}workbookPr", "{*}sheet")):
        if etree.QName(element).localname == "workbookPr":
            is_1904 = element.get("date1904") in ("1", "true", "on")
            continue
        relation = next((str(value) for key, value in element.items() if str(key).endswith("}id")), "")
        sheets.append((element.get("name", ""), element.get("state", ""), relation))
    # A book has each sheet once; a hostile one lists it a hundred thousand times.
    return is_1904, list({sheet[2]: sheet for sheet in sheets}.values())


def _read_styles(archive: Archive, part: str) -> tuple[list[str], list[bool]]:
    """Return the number format and whether the font is bold, for each style of cells."""
    if part not in archive.names:
        return [], []
    codes: dict[str, str] = {str(number): code for number, code in BUILT_IN.items()}
    fonts: list[bool] = []
    formats: list[str] = []
    bold: list[bool] = []
    for element in archive.iter_elements(part, ("{*}numFmt", "{*}font", "{*}xf")):
        tag = etree.QName(element).localname
        above = element.getparent()
        parent = "" if above is None else etree.QName(above).localname
        if tag == "numFmt" and parent == "numFmts":
            codes[element.get("numFmtId", "")] = element.get("formatCode", "")
        elif tag == "font" and parent == "fonts":
            mark = element.find("{*}b")
            fonts.append(mark is not None and mark.get("val", "1") not in ("0", "false", "off"))
        elif tag == "xf" and parent == "cellXfs":
            formats.append(codes.get(element.get("numFmtId", ""), ""))
            font = element.get("fontId", "")
            bold.append(font.isdecimal() and len(font) < 9 and int(font) < len(fonts) and fonts[int(font)])
    return formats, bold


def _read_strings(archive: Archive, part: str) -> list[str]:
    if part not in archive.names:
        return []
    strings: list[str] = []
    for element in archive.iter_elements(part, ("{*}si",)):
        strings.append(_get_text(element))
        free_element(element)
    return strings


def _get_text(element: etree._Element) -> str:
    """Return the text of a string without its phonetic reading (rPh), which would repeat it in kana."""
    parts: list[str] = []
    for child in element:
        tag = etree.QName(child).localname if isinstance(child.tag, str) else ""
        if tag == "t":
            parts.append(child.text or "")
        elif tag == "r":
            parts += [text.text or "" for text in child.iterchildren("{*}t")]
    text = "".join(parts)[:CELL_LENGTH]
    return _ESCAPED.sub(lambda match: _unescape(match[1]), text) if "_x" in text else text


def _unescape(code: str) -> str:
    character = chr(int(code, 16))
    return character if character.isprintable() or character in "\n\t" else " "


def _read_surroundings(archive: Archive, part: str) -> _Sheet:
    sheet = _Sheet(merges=_find_merges(archive, part))
    for kind, target in read_relations(archive, part).values():
        if target not in archive.names:
            continue
        if kind == "comments":
            sheet.notes += _read_notes(archive, target, "{*}comment")
        elif kind == "threadedComment":
            sheet.notes += _read_notes(archive, target, "{*}threadedComment")
        elif kind == "drawing":
            sheet.boxes += _read_boxes(archive, target)
        elif kind == "table":
            sheet.heads |= _find_head(archive, target)
    return sheet


def _find_merges(archive: Archive, part: str) -> dict[tuple[int, int], tuple[int, int]]:
    """Return last row and column of each merged range by its first cell. They stand behind the rows."""
    merges: dict[tuple[int, int], tuple[int, int]] = {}
    held = b""
    with archive.open(part) as file:
        while data := file.read(256 * 1024):
            held += data
            for match in _MERGE.finditer(held):
                first = int(match[2]), count_column(match[1].decode())
                last = int(match[4]), count_column(match[3].decode())
                if len(merges) < MERGES and last >= first:
                    merges[first] = last
            held = held[-_SPARE:]
    return merges


def _read_notes(archive: Archive, part: str, tag: str) -> list[Note]:
    notes: list[Note] = []
    for element in archive.iter_elements(part, (tag,)):
        match = _REFERENCE.fullmatch(element.get("ref", ""))
        text = " ".join("".join(map(str, element.itertext("{*}t", "{*}text"))).split())
        if match is not None and text and len(notes) < NOTES:
            notes.append(Note(int(match[2]), count_column(match[1]), text[:CELL_LENGTH]))
        free_element(element)
    # A threaded comment is repeated as an old one, after a sentence about old versions.
    return [note for note in notes if not note.text.startswith("[Threaded comment]")]


def _read_boxes(archive: Archive, part: str) -> list[str]:
    boxes: list[str] = []
    for element in archive.iter_elements(part, ("{*}txBody",)):
        lines = ["".join(map(str, line.itertext("{*}t"))).strip() for line in element.iter("{*}p")]
        text = "\n".join(filter(None, lines))
        if text:
            boxes.append(text)
        free_element(element)
    return boxes


def _find_head(archive: Archive, part: str) -> set[int]:
    """Return the row of the names of a table that was made with "Format as table"."""
    for element in archive.iter_elements(part, ("{*}table",)):
        match = _REFERENCE.match(element.get("ref", ""))
        if match is not None and element.get("headerRowCount", "1") != "0":
            return {int(match[2])}
    return set()


def _iter_rows(book: _Book, part: str, rows: SheetRows) -> Iterator[Row]:
    number = 0
    for element in book.archive.iter_elements(part, ("{*}col", "{*}row"), is_second=True):
        if element.tag.endswith("}col"):
            if element.get("hidden") in ("1", "true"):
                rows.hide_columns(_get_number(element, "min"), _get_number(element, "max"))
            continue
        number = _get_number(element, "r") or number + 1
        cells = _read_cells(book, element, rows)
        is_hidden = element.get("hidden") in ("1", "true")
        free_element(element)
        row = rows.build(number, cells, is_hidden=is_hidden)
        if row is not None:
            yield row


def _get_number(element: etree._Element, name: str) -> int:
    value = element.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 11 else 0


def _read_cells(book: _Book, row: etree._Element, rows: SheetRows) -> dict[int, Cell]:
    cells: dict[int, Cell] = {}
    column = 0
    for element in row.iterchildren("{*}c"):
        match = _REFERENCE.fullmatch(element.get("r", ""))
        column = count_column(match[1]) if match is not None else column + 1
        if column > COLUMNS:
            if element.find("{*}v") is not None or element.find("{*}is") is not None:
                rows.note_wide(column)
            continue
        cell = _read_cell(book, element, rows)
        if cell is not None:
            cells[column] = cell
    return cells


def _read_cell(book: _Book, element: etree._Element, rows: SheetRows) -> Cell | None:
    text, formula, inline = "", None, None
    for child in element:
        tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        if tag == "v":
            text = child.text or ""
        elif tag == "f":
            formula = child.text or ""
        elif tag == "is":
            inline = child
    kind = element.get("t", "n")
    style = _get_number(element, "s")
    is_bold = style < len(book.bold) and book.bold[style]
    if inline is not None and not text:
        text, kind = _get_text(inline), "str"
    if not text and formula is not None and kind != "str":
        rows.note_formula()
        return Cell(f"={formula}"[:CELL_LENGTH], is_bold=is_bold) if formula else None
    code = book.formats[style] if style < len(book.formats) else ""
    cell_kind = CellKind.TEXT
    if kind == "s":
        text = (
            book.strings[int(text)]
            if text.isdecimal() and len(text) < 10 and int(text) < len(book.strings)
            else ""
        )
    elif kind == "b":
        text = {"1": "TRUE", "0": "FALSE"}.get(text, text)
    elif kind == "d":
        text, cell_kind = text.replace("T", " ").removesuffix("Z").removesuffix(" 00:00:00"), CellKind.DATE
    elif kind == "n":
        cell_kind = CellKind.DATE if is_date_format(code) else CellKind.NUMBER
        text = format_number(text, code, is_1904=book.is_1904)
    elif kind == "str":
        text = _ESCAPED.sub(lambda match: _unescape(match[1]), text) if "_x" in text else text
    text = " ".join(text[:CELL_LENGTH].split())
    return Cell(text, cell_kind, is_bold) if text else None


def count_column(letters: str) -> int:
    """Return the number of a column, from 1: "A" is 1, "AA" is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
