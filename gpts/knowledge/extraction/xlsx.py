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

from gpts.knowledge.extraction.archives import Archive
from gpts.knowledge.extraction.table import format_row
from gpts.knowledge.extraction.types import HEADING_LENGTH, Section, Source, UnreadableError

COLUMNS = 500


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
                for row in _iter_rows(sheet):
                    yield Section(str(sheet.title)[:HEADING_LENGTH], (row,), number)
                source.report(number / len(sheets))
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, EOFError):
        raise UnreadableError("malformed") from None


def _iter_rows(sheet: Any) -> Iterator[str]:
    """Yield a paragraph for each row. A first row of two or more texts gives the column names."""
    names: list[str] = []
    is_begun = False
    held = ""
    for row in sheet.iter_rows(values_only=True, max_col=COLUMNS):
        cells = [_format_cell(value) for value in row]
        if not any(cells):
            continue
        if not is_begun:
            is_begun = True
            texts = sum(isinstance(value, str) and bool(value.strip()) for value in row)
            if texts >= 2 and texts == sum(map(bool, cells)):
                names = cells
                held = " · ".join(filter(None, cells))
                continue
        held = ""
        paragraph = format_row(names, cells)
        if paragraph:
            yield paragraph
    if held:
        yield held


def _format_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes").removesuffix(" 00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    return " ".join(str(value).split())
