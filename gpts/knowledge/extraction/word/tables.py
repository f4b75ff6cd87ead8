"""Rows of Word tables: a text for each, with merged cells repeated in the rows that they reach over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from gpts.knowledge.extraction.word.styles import W, get_value

# Longer texts of merged cells are no names of groups, and are not repeated.
REPEATED_LENGTH = 200
# The most columns that Word allows.
COLUMNS = 63


@dataclass
class _Table:
    """The cells of the current row, the next column, and the texts that reach down into it by column."""

    cells: list[str] = field(default_factory=list)
    column: int = 0
    merged: dict[int, str] = field(default_factory=dict)


class TableRows:
    """Takes the ends of cells, rows and tables as they come, the inner ones of nested tables first."""

    def __init__(self, read_paragraph: Callable[[etree._Element], str]) -> None:
        self._read_paragraph = read_paragraph
        # By the depth of nesting.
        self._tables: dict[int, _Table] = {}

    @staticmethod
    def is_in_cell(element: etree._Element) -> bool:
        return any(True for _above in element.iterancestors(f"{W}tc"))

    def end_cell(self, element: etree._Element) -> None:
        table = self._tables.setdefault(_get_depth(element), _Table())
        texts = (self._read_paragraph(paragraph) for paragraph in element.iter(f"{W}p"))
        text = " ".join(" ".join(filter(None, texts)).split())
        properties = element.find(f"{W}tcPr")
        if properties is not None and properties.find(f"{W}cellDel") is not None:
            text = ""
        merge = get_value(properties, "vMerge")
        column = table.column
        if merge is None:
            table.merged.pop(column, None)
        elif merge == "restart":
            table.merged[column] = text if len(text) <= REPEATED_LENGTH else ""
        else:
            text = text or table.merged.get(column, "")
        span = get_value(properties, "gridSpan") or "1"
        table.column = min(column + (int(span) if span.isdecimal() and len(span) < 3 else 1), COLUMNS)
        table.cells.append(text)
        # Its text would be read again with each cell around it.
        element.clear()

    def end_row(self, element: etree._Element) -> tuple[str, bool]:
        """Return the row's text, empty if it was deleted, and whether it was."""
        table = self._tables.setdefault(_get_depth(element) + 1, _Table())
        text = " · ".join(filter(None, table.cells))
        table.cells, table.column = [], 0
        is_deleted = element.find(f"{W}trPr/{W}del") is not None
        return ("", bool(text)) if is_deleted else (text, False)

    def end_table(self, element: etree._Element) -> None:
        self._tables.pop(_get_depth(element) + 1, None)


def _get_depth(element: etree._Element) -> int:
    """Return how many rows are around an element."""
    return sum(1 for _above in element.iterancestors(f"{W}tr"))
