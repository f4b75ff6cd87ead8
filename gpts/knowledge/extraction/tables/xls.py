"""Excel workbooks of the old kind (XLS), read by xlrd into the rows that all readers of workbooks share."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import StringIO
from typing import Any

import xlrd
from xlrd.biffh import XLRDError
from xlrd.compdoc import CompDocError

from gpts.knowledge.extraction.office.compound import open_compound
from gpts.knowledge.extraction.tables.grid import Cell, CellKind, Row
from gpts.knowledge.extraction.tables.number_format import format_number
from gpts.knowledge.extraction.tables.sheets import COLUMNS, Note, SheetRows, note_hidden_sheet, write_sheet
from gpts.knowledge.extraction.types import Section, Source, UnreadableError

CELL_LENGTH = 32_767
_FAULTS = (
    XLRDError, CompDocError, LookupError, ValueError, TypeError, AttributeError,
    AssertionError,
    struct.error, OverflowError, EOFError, NotImplementedError,
)  # fmt: skip


def read(source: Source) -> Iterator[Section]:
    with open_compound(source):
        pass  # refuses what is locked or holds macros
    try:
        with xlrd.open_workbook(
            str(source.path), formatting_info=True, on_demand=True, ragged_rows=True, logfile=StringIO()
        ) as book:
            number = 0
            for at in range(book.nsheets):
                name = book.sheet_names()[at]
                # Its sheets are loaded one by one, and a hidden one not at all.
                if book._sheet_visibility[at]:  # type: ignore[attr-defined]  # missing in the stubs
                    note_hidden_sheet(source.remarks, name)
                    continue
                number += 1
                yield from _read_sheet(book, book.sheet_by_index(at), name, number, source)
                book.unload_sheet(at)
                source.report((at + 1) / book.nsheets)
    except _FAULTS as problem:
        raise UnreadableError("encrypted" if "encrypted" in str(problem).lower() else "malformed") from None


def _read_sheet(book: Any, sheet: Any, name: str, number: int, source: Source) -> Iterator[Section]:
    merges = {(top + 1, left + 1): (bottom, right) for top, bottom, left, right in sheet.merged_cells}
    notes = [
        Note(row + 1, column + 1, " ".join(note.text.split()))
        for (row, column), note in sheet.cell_note_map.items()
        if note.text.strip()
    ]
    rows = SheetRows(source.remarks, name, merges=merges, notes=notes)
    for column, info in sheet.colinfo_map.items():
        if info.hidden:
            rows.hide_columns(column + 1, column + 1)
    yield from write_sheet(name, number, rows, _iter_rows(book, sheet, rows))


def _iter_rows(book: Any, sheet: Any, rows: SheetRows) -> Iterator[Row]:
    for at in range(sheet.nrows):
        cells: dict[int, Cell] = {}
        for column, cell in enumerate(sheet.row(at)[:COLUMNS], 1):
            found = _read_cell(book, cell)
            if found is not None:
                cells[column] = found
        info = sheet.rowinfo_map.get(at)
        row = rows.build(at + 1, cells, is_hidden=info is not None and bool(info.hidden))
        if row is not None:
            yield row


def _read_cell(book: Any, cell: Any) -> Cell | None:
    style = (
        book.xf_list[cell.xf_index]
        if cell.xf_index is not None and cell.xf_index < len(book.xf_list)
        else None
    )
    is_bold = style is not None and bool(book.font_list[style.font_index].bold)
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        known = book.format_map.get(style.format_key) if style is not None else None
        text = format_number(repr(cell.value), known.format_str if known else "", is_1904=book.datemode == 1)
        return Cell(text, CellKind.DATE if cell.ctype == xlrd.XL_CELL_DATE else CellKind.NUMBER, is_bold)
    if cell.ctype == xlrd.XL_CELL_TEXT:
        text = " ".join(str(cell.value)[:CELL_LENGTH].split())
    elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
        text = "TRUE" if cell.value else "FALSE"
    elif cell.ctype == xlrd.XL_CELL_ERROR:
        text = xlrd.error_text_from_code.get(cell.value, "")
    else:
        text = ""
    return Cell(text, CellKind.TEXT, is_bold) if text else None
