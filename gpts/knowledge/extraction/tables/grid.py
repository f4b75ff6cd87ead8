"""Rows of a table to paragraphs of "column: value": finds titles, heads, and tables below each other.

Shared by the readers of workbooks and CSV. Works on a stream: only the first rows of each block are held.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from gpts.knowledge.extraction.types import shorten_heading

# Rows of a block that are looked at to find its head.
WINDOW = 24
HEAD_ROWS = 3
TITLE_ROWS = 4
# Longer texts are no column names.
NAME_LENGTH = 120
_NUMBER = re.compile(r"[-+(]?\s?[^\w\s]?\s?\d[\d.,'\u00a0\u202f ]*\s?[^\w\s]?\)?")
_YEAR = re.compile(r"(?:1[89]|20|21)\d\d(?:[-/]\d{1,4})?")


class CellKind(Enum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


class Cell(NamedTuple):
    """A cell as people see it; ``is_bold`` where the file says so."""

    text: str
    kind: CellKind = CellKind.TEXT
    is_bold: bool = False


@dataclass(slots=True)
class Row:
    """The filled cells of a row by column, from 1. ``number`` counts from 1, rows that are empty included.

    ``spans`` has the last column of each cell that is merged to the right. ``is_head`` where the file says
    so. ``line`` is the number that people see beside the row, hidden rows counted; 0 where there is none.
    """

    number: int
    cells: dict[int, Cell]
    spans: dict[int, int] = field(default_factory=dict)
    is_head: bool = False
    line: int = 0


class Paragraph(NamedTuple):
    """The text of a row, under the title of its table; ``line`` as in Row."""

    title: str
    text: str
    line: int = 0


def iter_paragraphs(rows: Iterable[Row]) -> Iterator[Paragraph]:
    """Yield a paragraph for each row that is no head; rows come in ascending order, without empty ones.

    An empty row ends a block. The next block has a head of its own, or goes on under the one above.
    """
    table = _Table()
    for row in rows:
        yield from table.add(row)
    yield from table.end()


class _Table:
    def __init__(self) -> None:
        self.title = ""
        self.names: dict[int, str] = {}
        self.kinds: dict[int, CellKind] = {}
        self.window: list[Row] = []
        # Blocks of single cells, which may be titles of the next table.
        self.pending: list[Row] = []
        self.head: tuple[tuple[str, ...], ...] = ()
        self.head_line = 0
        self.is_open = False
        self.last = 0
        self.has_rows = False

    def add(self, row: Row) -> Iterator[Paragraph]:
        if self.last and row.number != self.last + 1:
            yield from self._end_block()
        self.last = row.number
        if self.is_open:
            yield from self._write(row)
            return
        self.window.append(row)
        if len(self.window) >= WINDOW:
            yield from self._open()

    def end(self) -> Iterator[Paragraph]:
        yield from self._end_block()
        yield from self._write_pending()
        yield from self._write_held_names()

    def _end_block(self) -> Iterator[Paragraph]:
        sides = split_sides(self.window)
        if len(sides) > 1:
            self.window = []
            yield from self._write_pending()
            yield from self._write_held_names()
            for side in sides:
                yield from iter_paragraphs(side)
            self.title, self.names, self.kinds, self.head = "", {}, {}, ()
        elif self.window:
            yield from self._open()
        self.is_open = False
        if len(self.pending) > TITLE_ROWS:
            yield from self._write_pending()

    def _write_pending(self) -> Iterator[Paragraph]:
        rows, self.pending = self.pending, []
        for row in rows:
            yield from self._write(row)

    def _write_held_names(self) -> Iterator[Paragraph]:
        """Write names, and a title, that no row follows: nobody would find them otherwise."""
        if not self.has_rows:
            parts = [" · ".join(dict.fromkeys(row)) for row in self.head]
            text = "\n".join(part for part in parts if part) or self.title
            if text:
                yield Paragraph(self.title if text != self.title else "", text, self.head_line)
        self.has_rows = True

    def _open(self) -> Iterator[Paragraph]:
        """Decide on the head of the block that begins with the held rows, and write those behind it."""
        rows, self.window = self.window, []
        self.is_open = True
        if len(rows) <= TITLE_ROWS and all(len(row.cells) == 1 and not row.is_head for row in rows):
            self.pending += rows
            return
        above, head, rest = split_block(rows, self.names, self.kinds)
        above, self.pending = [*self.pending, *above], []
        if head:
            # The title of a head without rows, such as "Date | 2026-01-02", is that of the next table.
            kept = "" if self.has_rows else self.title
            yield from self._write_held_names()
            texts = [" ".join(dict.fromkeys(cell.text for cell in row.cells.values())) for row in above]
            # Of several, the first is the title, as the others explain it.
            self.title = shorten_heading(texts[0]) if texts and len(texts[0]) <= NAME_LENGTH else kept
            first = 1 if self.title != kept else 0
            for row, text in zip(above[first:], texts[first:], strict=True):
                yield Paragraph(self.title, text, row.line)
            self.names = build_names(head)
            self.head = tuple(tuple(cell.text for cell in row.cells.values()) for row in head)
            self.head_line = head[0].line
            self.kinds, self.has_rows = {}, False
        else:
            rest = [*above, *rest]
        for row in rest:
            yield from self._write(row)

    def _write(self, row: Row) -> Iterator[Paragraph]:
        if self.head and tuple(cell.text for cell in row.cells.values()) in self.head:
            # A head that is repeated on each page.
            return
        self.has_rows = True
        for column, cell in row.cells.items():
            self.kinds.setdefault(column, cell.kind)
        yield Paragraph(self.title, write_row(row, self.names), row.line)


def write_row(row: Row, names: dict[int, str]) -> str:
    """Return a row as lines "name: text". A single cell merged over the whole table stands alone."""
    if len(row.cells) == 1 and row.spans:
        return next(iter(row.cells.values())).text
    lines: list[str] = []
    for column, cell in row.cells.items():
        for at in range(column, row.spans.get(column, column) + 1):
            name = names.get(at, "")
            if name or at == column:
                lines.append(f"{name}: {cell.text}" if name and name != cell.text else cell.text)
    return "\n".join(lines)


def split_sides(rows: list[Row]) -> list[list[Row]]:
    """Return the rows of each table, for tables that stand beside each other in a short block.

    Tables are parted by an empty column. They are one table all the same, which labels every cell as
    well, unless they begin in different rows or one of them has a title.
    """
    columns = sorted({at for row in rows for at in _list_columns(row)})
    groups: list[list[int]] = []
    for at in columns:
        if groups and groups[-1][-1] + 1 == at:
            groups[-1].append(at)
        else:
            groups.append([at])
    if len(groups) < 2 or any(len(group) < 2 for group in groups):
        return [rows]
    sides = [[_cut_row(row, group[0], group[-1]) for row in rows] for group in groups]
    sides = [[row for row in side if row.cells] for side in sides]
    if any(side[-1].number - side[0].number + 1 != len(side) for side in sides):
        return [rows]
    begins = {side[0].number for side in sides}
    has_titles = any(len(side[0].cells) == 1 and len(side) > 2 for side in sides)
    return sides if len(begins) > 1 or has_titles else [rows]


def _list_columns(row: Row) -> set[int]:
    return {at for column in row.cells for at in range(column, row.spans.get(column, column) + 1)}


def _cut_row(row: Row, first: int, last: int) -> Row:
    cells = {column: cell for column, cell in row.cells.items() if first <= column <= last}
    spans = {column: end for column, end in row.spans.items() if column in cells}
    return Row(row.number, cells, spans, row.is_head, row.line)


def split_block(
    rows: list[Row], names: dict[int, str], kinds: dict[int, CellKind]
) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the titles above the head, the head, and the rows below; the head is empty if there is none.

    ``names`` and ``kinds`` are of the block above, which this one may continue.
    """
    width = max(len(row.cells) + sum(end - begin for begin, end in row.spans.items()) for row in rows)
    declared = next((at for at, row in enumerate(rows) if row.is_head), None)
    if declared is not None:
        return rows[:declared], [rows[declared]], rows[declared + 1 :]
    if width < 2:
        return [], [], rows
    first = next((at for at, row in enumerate(rows) if _is_wide(row, width)), None)
    if first is None or (first == len(rows) - 1 and first > 0 and names):
        return [], [], rows
    depth = _count_head_rows(rows[first:], width)
    if not depth:
        return [], [], rows
    head, rest = rows[first : first + depth], rows[first + depth :]
    if names and not first and depth == 1 and _continues(head[0], rest, names, kinds):
        return [], [], rows
    return rows[:first], head, rest


def _is_wide(row: Row, width: int) -> bool:
    """Whether a row has at least half of the table's columns, and more than one: no title."""
    filled = len(row.cells) + (
        sum(end - begin for begin, end in row.spans.items()) if len(row.cells) > 1 else 0
    )
    return len(row.cells) >= 2 and filled * 2 >= width


def _count_head_rows(rows: list[Row], width: int) -> int:
    """Return how many of the rows are the head: 0 for none."""
    if not _may_be_head(rows[0], rows[1:]):
        return 0
    depth = 1
    while depth < min(HEAD_ROWS, len(rows) - 1) and _goes_on(rows[depth - 1], rows[depth], rows[depth + 1 :]):
        depth += 1
    return depth


def _may_be_head(row: Row, below: list[Row]) -> bool:
    texts = [cell for cell in row.cells.values() if cell.kind is CellKind.TEXT and not is_number(cell.text)]
    if any(len(cell.text) > NAME_LENGTH for cell in row.cells.values()):
        return False
    if len({cell.text for cell in row.cells.values()}) * 2 <= len(row.cells):
        # Names differ from each other.
        return False
    if texts and texts[0] is next(iter(row.cells.values())) and texts[0].text.endswith((":", "\uff1a")):
        # A form: "Name: | Acme".
        return False
    others = [cell for cell in row.cells.values() if cell not in texts]
    if not others:
        return True
    if not below:
        return False
    if all(cell.kind is CellKind.DATE or _YEAR.fullmatch(cell.text) for cell in others):
        # Years or days are names above other numbers, and values above others of their kind.
        return not _is_like(row, below)
    if all(cell.is_bold for cell in row.cells.values()) and not any(
        cell.is_bold for low in below[:3] for cell in low.cells.values()
    ):
        return True
    return len(others) >= 2 and len(texts) <= 1 and _counts_up([cell.text for cell in others])


def _is_like(row: Row, below: list[Row]) -> bool:
    """Whether years or dates stand below most of those of the row too, so that it is a row of values."""
    like = tried = 0
    for column, cell in row.cells.items():
        under = [low.cells[column] for low in below if column in low.cells]
        if not under or (cell.kind is CellKind.TEXT and not is_number(cell.text)):
            continue
        tried += 1
        same = sum(
            each.kind is CellKind.DATE if cell.kind is CellKind.DATE else bool(_YEAR.fullmatch(each.text))
            for each in under
        )
        like += same * 2 > len(under)
    return like * 2 > tried


def _counts_up(texts: list[str]) -> bool:
    """Whether numbers are consecutive, such as sizes 36, 37, 38."""
    numbers = [int(text) if text.isdecimal() and len(text) < 10 else -1 for text in texts]
    return numbers[0] >= 0 and all(after == before + 1 for before, after in pairwise(numbers))


def _goes_on(row: Row, under: Row, below: list[Row]) -> bool:
    """Whether the head goes on: its last row has merged cells, or gaps that only the next row fills."""
    if not below or not _is_head_like(under):
        return False
    if row.spans:
        inside = {at for begin, end in row.spans.items() for at in range(begin, end + 1)}
        return bool(inside & set(under.cells))
    # Without merged cells: the next row fills gaps and has gaps itself, and there are numbers below.
    fills = any(column not in row.cells for column in under.cells)
    has_gaps = any(column not in under.cells for column in row.cells)
    return fills and has_gaps and len(under.cells) >= 2 and _has_numbers(below)


def _is_head_like(row: Row) -> bool:
    return all(
        len(cell.text) <= NAME_LENGTH
        and (cell.kind is CellKind.DATE or not is_number(cell.text) or bool(_YEAR.fullmatch(cell.text)))
        for cell in row.cells.values()
    )


def _has_numbers(rows: list[Row]) -> bool:
    return any(is_number(cell.text) for row in rows[:3] for cell in row.cells.values())


def _continues(first: Row, rest: list[Row], names: dict[int, str], kinds: dict[int, CellKind]) -> bool:
    """Whether a block behind an empty row goes on under the names above, without a head of its own."""
    if not set(first.cells) <= set(names):
        return False
    if any(cell.is_bold for cell in first.cells.values()):
        return False
    if list(names) == list(first.cells) and [names[at] for at in first.cells] == [
        cell.text for cell in first.cells.values()
    ]:
        return False
    return not any(
        is_number(low.cells[column].text)
        and not is_number(cell.text)
        and kinds.get(column) is not CellKind.TEXT
        for low in rest[:3]
        for column, cell in first.cells.items()
        if column in low.cells
    )


def build_names(head: list[Row]) -> dict[int, str]:
    """Return the name of each column: the texts of the head's rows above it, joined."""
    parts: dict[int, list[str]] = {}
    columns = sorted(
        {column for row in head for column in row.cells}
        | {at for row in head for begin, end in row.spans.items() for at in range(begin, end + 1)}
    )
    for level, row in enumerate(head):
        filled: dict[int, str] = {}
        for column, cell in row.cells.items():
            for at in range(column, row.spans.get(column, column) + 1):
                filled[at] = cell.text
        if level < len(head) - 1 and not row.spans:
            # A group that is not merged reaches to the next one.
            _fill_gaps(filled, columns, head[level + 1])
        for at, text in filled.items():
            if text not in parts.setdefault(at, []):
                parts[at].append(text)
    return {at: shorten_heading(" ".join(parts[at])) for at in sorted(parts) if parts[at]}


def _fill_gaps(filled: dict[int, str], columns: list[int], under: Row) -> None:
    held = ""
    for at in columns:
        if at in filled:
            held = filled[at]
        elif held and at in under.cells:
            filled[at] = held


def is_number(text: str) -> bool:
    """Whether a text is a number, perhaps with a currency sign or a percent sign."""
    return len(text) <= 40 and _NUMBER.fullmatch(text) is not None
