"""Remarks of a reader about one file: what it left out, or read in another way than expected. Pure.

A reader adds them to ``Source.remarks``; the child process passes them on, and they are stored with the
document. ``gpts.knowledge.remark_messages`` has the message for each code.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

# A hostile file must not fill the database with remarks about itself. One remark for each code, and of each:
RANGES = 100
NAMES = 10
NAME_LENGTH = 80
MAX_COUNT = 1_000_000_000


class RemarkCode(StrEnum):
    """What was noticed. Add a code here and its message in ``gpts.knowledge.remark_messages``."""

    # PDF
    PAGES_WITHOUT_TEXT = "pages_without_text"
    PAGES_BY_OCR = "pages_by_ocr"
    OCR_LANGUAGES_MISSING = "ocr_languages_missing"
    PAGES_DAMAGED = "pages_damaged"
    FILE_REPAIRED = "file_repaired"
    EMBEDDED_FILES = "embedded_files"
    # Word, PowerPoint, EPUB
    HIDDEN_SLIDES = "hidden_slides"
    DELETED_TEXT = "deleted_text"
    HIDDEN_TEXT = "hidden_text"
    COMMENTS_READ = "comments_read"
    PARTS_UNREAD = "parts_unread"
    SLIDES_WITHOUT_TEXT = "slides_without_text"
    # Tables
    HIDDEN_SHEETS = "hidden_sheets"
    COLUMNS_LEFT_OUT = "columns_left_out"
    HIDDEN_ROWS = "hidden_rows"
    HIDDEN_COLUMNS = "hidden_columns"
    FORMULAS_WITHOUT_VALUE = "formulas_without_value"
    # Text of all kinds
    CHARACTERS_REPLACED = "characters_replaced"
    CHARSET_GUESSED = "charset_guessed"
    LINES_UNREADABLE = "lines_unreadable"


# Remarks that only say how something was read: nothing of the file is missing from the answers.
NOTES = frozenset({
    RemarkCode.PAGES_BY_OCR, RemarkCode.FILE_REPAIRED, RemarkCode.DELETED_TEXT, RemarkCode.COMMENTS_READ,
    RemarkCode.CHARSET_GUESSED,
})  # fmt: skip


# Remarks that say how many belong to each name, such as formulas of each sheet.
COUNTED = frozenset({RemarkCode.FORMULAS_WITHOUT_VALUE})


@dataclass(frozen=True)
class Remark:
    """One remark about a file.

    ``count`` says how many in all, ``limit`` how many of them were read where a limit is the reason (else 0).
    ``ranges`` are pages, slides, sheets or lines as (first, last) from 1, ascending; ``names`` are texts of
    the file, so they are untrusted. Both are cut: ``count`` may be higher. ``counts`` says how many of
    ``count`` belong to each of the names; empty where that is not told.
    """

    code: RemarkCode
    count: int = 1
    limit: int = 0
    ranges: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def is_gap(self) -> bool:
        """Whether something of the file is missing from what was read."""
        return self.code not in NOTES

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        return values if self.counts else {key: value for key, value in values.items() if key != "counts"}


class Remarks:
    """Collects the remarks of one file, one for each code."""

    def __init__(self) -> None:
        self._found: dict[RemarkCode, _Collected] = {}

    def add(
        self, code: RemarkCode, *, count: int = 1, number: int | None = None, name: str = "", limit: int = 0
    ) -> None:
        """Add to the remark with this code.

        Counts are summed. With ``limit`` the highest count is kept, as it is then a size ("600 columns, 500
        read"). ``number`` is a page, slide, sheet or line, from 1, in ascending order.
        """
        found = self._found.setdefault(code, _Collected())
        found.count = max(found.count, count) if limit else found.count + count
        found.limit = max(found.limit, limit)
        if number is not None:
            found.add_number(number)
        cleaned = clean_name(name)
        if cleaned and len(found.names) < NAMES:
            found.names[cleaned] = found.names.get(cleaned, 0) + count
        elif cleaned in found.names:
            found.names[cleaned] += count

    def __iter__(self) -> Iterator[Remark]:
        for code, found in self._found.items():
            count = min(found.count, MAX_COUNT)
            counts = (min(each, MAX_COUNT) for each in found.names.values()) if code in COUNTED else ()
            yield Remark(code, count, found.limit, tuple(found.ranges), tuple(found.names), tuple(counts))


class _Collected:
    def __init__(self) -> None:
        self.count = 0
        self.limit = 0
        self.ranges: list[tuple[int, int]] = []
        self.names: dict[str, int] = {}

    def add_number(self, number: int) -> None:
        if self.ranges and self.ranges[-1][1] + 1 == number:
            self.ranges[-1] = (self.ranges[-1][0], number)
        elif len(self.ranges) < RANGES:
            self.ranges.append((number, number))


def clean_name(text: str) -> str:
    """Return a name from a file on one line, without control and direction characters, cut."""
    kept = (c if not unicodedata.category(c).startswith("C") else " " for c in text[: NAME_LENGTH * 4])
    return " ".join("".join(kept).split())[:NAME_LENGTH]


def parse_remarks(values: Any) -> tuple[Remark, ...]:
    """Return the remarks of a message of the child, or of a stored row; what is not one is left out."""
    if not isinstance(values, list):
        return ()
    found = (_parse_remark(value) for value in values[: len(RemarkCode)])
    return tuple(remark for remark in found if remark is not None)


def _parse_remark(value: Any) -> Remark | None:
    try:
        return Remark(
            RemarkCode(value["code"]),
            _bound(value["count"]),
            _bound(value["limit"]),
            tuple((_bound(first), _bound(last)) for first, last in value["ranges"][:RANGES]),
            tuple(name for text in value["names"][:NAMES] if (name := clean_name(str(text)))),
            tuple(_bound(count) for count in value.get("counts", ())[:NAMES]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _bound(value: Any) -> int:
    return max(0, min(int(value), MAX_COUNT))
