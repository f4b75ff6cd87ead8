"""The one CSV writer: no cell of ours runs as a formula in a spreadsheet.

Spreadsheets begin a formula at =, +, - and @, also in their fullwidth forms, which Excel converts with East
Asian settings, and after white space and control characters, which some drop. Such a cell gets an apostrophe
in front. Plain numbers are left alone. A workbook (XLSX) needs no escaping if its texts are written as texts.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from numbers import Number

# Begin a formula, or a command (DDE), in some spreadsheet; the last is the minus sign of typography.
_FORMULA = frozenset("=+-@|%\u2212")
_ESCAPE = "'"
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]], *, has_mark: bool = False) -> bytes:
    """Return UTF-8 with ``\\r\\n`` line ends; ``has_mark`` adds the byte order mark that Excel needs."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([escape_cell(name) for name in header])
    writer.writerows([escape_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig" if has_mark else "utf-8")


def write_csv_rows(rows: Iterable[Sequence[object]]) -> bytes:
    """Return further rows of a file that write_csv has begun, for one that is sent in parts."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([escape_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def escape_cell(value: object) -> object:
    """Return what is written for a value: a text that a spreadsheet could run gets an apostrophe in front."""
    if value is None or isinstance(value, Number):
        return value
    text = str(value)
    return _ESCAPE + text if is_formula(text) else text


def unescape_cell(text: str) -> str:
    """Return the text of a cell that escape_cell has written."""
    return text[1:] if text.startswith(_ESCAPE) and is_formula(text[1:]) else text


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet could take the text for a formula; also when apostrophes stand before it.

    Without the apostrophes, unescape_cell could not tell ours from the text's own.
    """
    if _NUMBER.fullmatch(text):
        return False
    for character in text:
        # Separators, control and format characters.
        if unicodedata.category(character)[0] in "ZC" or character == _ESCAPE:
            continue
        return unicodedata.normalize("NFKC", character)[:1] in _FORMULA
    return False
