"""Excel workbooks in the binary form (XLSB): records instead of XML in the same archive. By [MS-XLSB]."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from decimal import Decimal

from gpts.knowledge.extraction.office.archives import Archive
from gpts.knowledge.extraction.tables.grid import Cell, CellKind, Row
from gpts.knowledge.extraction.tables.number_format import BUILT_IN, format_number, is_date_format
from gpts.knowledge.extraction.tables.sheets import COLUMNS, SheetRows, note_hidden_sheet, write_sheet
from gpts.knowledge.extraction.tables.xlsx import CELL_LENGTH, MERGES, find_main_part, read_relations
from gpts.knowledge.extraction.types import Section, Source, UnreadableError

# Numbers of the records.
_ROW, _BLANK, _RK, _ERROR, _BOOL, _REAL, _STRING, _SHARED = range(8)
_FORMULA_STRING, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR = 8, 9, 10, 11
_SHARED_ITEM, _FONT, _FORMAT, _STYLE, _COLUMN, _BOOK, _SHEET, _MERGE = 19, 43, 44, 47, 60, 153, 156, 176
_BEGIN_STYLES, _END_STYLES = 617, 618
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_BOLD = 600


def read(source: Source) -> Iterator[Section]:
    archive = Archive(source)
    try:
        yield from _Book(archive, source).read()
    except (struct.error, IndexError, UnicodeDecodeError):
        raise UnreadableError("malformed") from None


def iter_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each record. Number and size are written in groups of seven bits."""
    at = 0
    while at < len(data):
        kind, at = _read_number(data, at, 2)
        size, at = _read_number(data, at, 4)
        yield kind, data[at : at + size]
        at += size


def _read_number(data: bytes, at: int, most: int) -> tuple[int, int]:
    value = 0
    for step in range(most):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * step)
        if not byte & 0x80:
            break
    return value, at


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", data, at)
    if length == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


class _Book:
    def __init__(self, archive: Archive, source: Source) -> None:
        self._archive = archive
        self._source = source
        self._main = find_main_part(archive)
        self._relations = read_relations(archive, self._main)
        self._strings: list[str] = []
        self._styles: list[tuple[str, bool]] = []
        self._is_1904 = False

    def read(self) -> Iterator[Section]:
        sheets: list[tuple[int, str, str]] = []
        for kind, data in self._iter_part(self._main):
            if kind == _BOOK:
                self._is_1904 = bool(data[0] & 1)
            elif kind == _SHEET:
                relation, at = _read_text(data, 8)
                sheets.append((struct.unpack_from("<I", data)[0], relation, _read_text(data, at)[0]))
        self._read_strings()
        self._read_styles()
        number = 0
        # A book has each sheet once; a hostile one lists it a hundred thousand times.
        for at, (state, relation, name) in enumerate({sheet[1]: sheet for sheet in sheets}.values(), 1):
            kind_of, part = self._relations.get(relation, ("", ""))
            if kind_of != "worksheet" or part not in self._archive.names:
                continue
            if state:
                note_hidden_sheet(self._source.remarks, name)
                continue
            number += 1
            data = self._read_part(part)
            rows = SheetRows(self._source.remarks, name, merges=_find_merges(data))
            yield from write_sheet(name, number, rows, self._iter_rows(data, rows))
            self._source.report(at / len(sheets))

    def _read_part(self, name: str) -> bytes:
        with self._archive.open(name) as file:
            parts: list[bytes] = []
            while data := file.read(1024 * 1024):
                parts.append(data)
        return b"".join(parts)

    def _iter_part(self, name: str) -> Iterator[tuple[int, bytes]]:
        if name in self._archive.names:
            yield from iter_records(self._read_part(name))

    def _find_part(self, kind: str) -> str:
        return next((target for found, target in self._relations.values() if found == kind), "")

    def _read_strings(self) -> None:
        for kind, data in self._iter_part(self._find_part("sharedStrings")):
            if kind == _SHARED_ITEM:
                self._strings.append(_read_text(data, 1)[0][:CELL_LENGTH])

    def _read_styles(self) -> None:
        codes = dict(BUILT_IN)
        fonts: list[bool] = []
        is_inside = False
        for kind, data in self._iter_part(self._find_part("styles")):
            if kind == _FORMAT:
                codes[struct.unpack_from("<H", data)[0]] = _read_text(data, 2)[0]
            elif kind == _FONT:
                fonts.append(struct.unpack_from("<H", data, 4)[0] >= _BOLD)
            elif kind in (_BEGIN_STYLES, _END_STYLES):
                is_inside = kind == _BEGIN_STYLES
            elif kind == _STYLE and is_inside:
                _parent, code, font = struct.unpack_from("<HHH", data)
                self._styles.append((codes.get(code, ""), font < len(fonts) and fonts[font]))

    def _iter_rows(self, data: bytes, rows: SheetRows) -> Iterator[Row]:
        number, is_hidden = 0, False
        cells: dict[int, Cell] = {}
        for kind, record in iter_records(data):
            if kind == _COLUMN:
                first, last = struct.unpack_from("<II", record)
                if record[16] & 1:
                    rows.hide_columns(first + 1, min(last, COLUMNS) + 1)
            elif kind == _ROW:
                row = rows.build(number, cells, is_hidden=is_hidden) if number else None
                if row is not None:
                    yield row
                number, cells = struct.unpack_from("<I", record)[0] + 1, {}
                is_hidden = bool(record[11] & 0x10)
            elif _BLANK < kind <= _FORMULA_ERROR:
                column = struct.unpack_from("<I", record)[0] + 1
                if column > COLUMNS:
                    rows.note_wide(column)
                    continue
                cell = self._read_cell(kind, record)
                if cell is not None:
                    cells[column] = cell
        row = rows.build(number, cells, is_hidden=is_hidden) if number else None
        if row is not None:
            yield row

    def _read_cell(self, kind: int, record: bytes) -> Cell | None:
        style = struct.unpack_from("<I", record, 4)[0] & 0xFFFFFF
        code, is_bold = self._styles[style] if style < len(self._styles) else ("", False)
        if kind in (_RK, _REAL, _FORMULA_NUMBER):
            value = _read_rk(record) if kind == _RK else repr(struct.unpack_from("<d", record, 8)[0])
            text = format_number(value, code, is_1904=self._is_1904)
            return Cell(text, CellKind.DATE if is_date_format(code) else CellKind.NUMBER, is_bold)
        if kind in (_BOOL, _FORMULA_BOOL):
            text = "TRUE" if record[8] else "FALSE"
        elif kind in (_ERROR, _FORMULA_ERROR):
            text = _ERRORS.get(record[8], "")
        elif kind == _SHARED:
            at = struct.unpack_from("<I", record, 8)[0]
            text = self._strings[at] if at < len(self._strings) else ""
        else:
            text = _read_text(record, 8)[0]
        text = " ".join(text[:CELL_LENGTH].split())
        return Cell(text, CellKind.TEXT, is_bold) if text else None


def _find_merges(data: bytes) -> dict[tuple[int, int], tuple[int, int]]:
    merges: dict[tuple[int, int], tuple[int, int]] = {}
    for kind, record in iter_records(data):
        if kind == _MERGE and len(merges) < MERGES:
            top, bottom, left, right = struct.unpack_from("<IIII", record)
            merges[top + 1, left + 1] = bottom + 1, right + 1
    return merges


def _read_rk(record: bytes) -> str:
    """Return a number in four bytes: an integer, or half a float, perhaps to be divided by 100."""
    (raw,) = struct.unpack_from("<I", record, 8)
    if raw & 2:
        value = Decimal(struct.unpack_from("<i", record, 8)[0] >> 2)
    else:
        value = Decimal(repr(struct.unpack("<d", bytes(4) + struct.pack("<I", raw & 0xFFFFFFFC))[0]))
    return str(value / 100 if raw & 1 else value)
