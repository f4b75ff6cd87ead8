"""Excel workbooks: a page for each sheet, a paragraph for each row."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser

from gpts.knowledge.extraction.archives import Archive
from gpts.knowledge.extraction.types import (
    HEADING_LENGTH,
    Section,
    Source,
    UnreadableError,
    shorten_heading,
)

COLUMNS = 500
CELL_LENGTH = 32_767


def read(source: Source) -> Iterator[Section]:
    # Checks the declared sizes; if they are false, the limits of the process stop openpyxl.
    Archive(source).zip.close()
    warnings.simplefilter("ignore")
    try:
        # As an open file, because openpyxl refuses paths that do not end in ".xlsx".
        with source.path.open("rb") as file:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sheets = book.worksheets
            for number, sheet in enumerate(sheets, 1):
                for row in _iter_rows(book, sheet):
                    yield Section(str(sheet.title)[:HEADING_LENGTH], (row,), number)
                source.report(number / len(sheets))
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        LookupError,
        ValueError,
        ParseError,
        EOFError,
        TypeError,
    ):
        raise UnreadableError("malformed") from None


def _iter_rows(book: Any, sheet: Any) -> Iterator[str]:
    """Yield a paragraph for each row. A first row of two or more texts gives the column names."""
    names: dict[int, str] = {}
    is_begun = False
    held = ""
    for row in _iter_filled_rows(book, sheet):
        values = {cell["column"]: cell["value"] for cell in row if cell["column"] <= COLUMNS}
        cells = {column: text for column, value in values.items() if (text := _format_cell(value))}
        if not cells:
            continue
        if not is_begun:
            is_begun = True
            if len(cells) >= 2 and all(isinstance(values[column], str) for column in cells):
                names = {column: shorten_heading(text) for column, text in cells.items()}
                held = " · ".join(cells.values())
                continue
        held = ""
        yield "\n".join(
            f"{names[column]}: {text}" if column in names else text for column, text in cells.items()
        )
    if held:
        yield held


def _iter_filled_rows(book: Any, sheet: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the cells of the rows that the file holds.

    With openpyxl's parser, but without its own iteration, which fills gaps: a file of 10 kB with one cell in
    row 999,999,999 would have a billion rows of 500 cells.
    """
    with sheet._get_source() as source:
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for _number, row in parser.parse():
            yield row


def _format_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes").removesuffix(" 00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    # Excel itself allows no more in a cell; many cells may refer to one long shared text.
    return " ".join(str(value)[:CELL_LENGTH].split())
