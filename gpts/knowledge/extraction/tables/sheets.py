"""What all readers of workbooks share: hidden rows and columns, merged cells, comments, remarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gpts.knowledge.extraction.remarks import RemarkCode, Remarks
from gpts.knowledge.extraction.tables.grid import Cell, Row, iter_paragraphs
from gpts.knowledge.extraction.types import HEADING_LENGTH, Section, get_rows, join_headings

# Columns that are read; a row of more is no table for people.
COLUMNS = 500


@dataclass(frozen=True)
class Note:
    """A comment of a cell."""

    row: int
    column: int
    text: str


@dataclass
class SheetRows:
    """Builds the rows of one sheet.

    ``merges`` has the last row and column of each merged range by its first cell; ``heads`` the rows that
    the file
    calls heads.
    """

    remarks: Remarks
    name: str
    merges: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    heads: set[int] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hidden: set[int] = set()
        self.hidden_columns: set[int] = set()
        # Hidden rows so far: no gap in the table for those who see it.
        self._skipped = 0
        self._hidden_rows: set[int] = set()
        # Cells merged downwards that are still open: last row and cell by column.
        self._open: dict[int, tuple[int, Cell]] = {}
        self._noted: set[tuple[int, int]] = set()
        notes, self.notes = self.notes, []
        for note in notes:
            self.add_note(note)
        self.noted: dict[tuple[int, int], str] = {}

    def add_note(self, note: Note) -> None:
        self.notes.append(note)
        self._noted.add((note.row, note.column))

    def hide_columns(self, first: int, last: int) -> None:
        # Beyond the last column that is read nothing is hidden from anybody.
        if 0 < first <= COLUMNS:
            self._hidden.update(range(first, min(last, COLUMNS) + 1))

    def note_wide(self, column: int) -> None:
        self.remarks.add(RemarkCode.COLUMNS_LEFT_OUT, count=column, limit=COLUMNS, name=self.name)

    def note_formula(self) -> None:
        self.remarks.add(RemarkCode.FORMULAS_WITHOUT_VALUE, name=self.name)

    def build(self, number: int, cells: dict[int, Cell], *, is_hidden: bool = False) -> Row | None:
        """Return a row of the filled cells, or None for one that is empty or hidden."""
        self._close_merges(number)
        carried = {column: cell for column, (_last, cell) in self._open.items() if column not in cells}
        spans: dict[int, int] = {}
        if self.merges:
            for column, cell in cells.items():
                end = self.merges.get((number, column))
                if end is not None:
                    spans |= self._merge(number, column, cell, end)
        if is_hidden:
            self._skipped += 1
            self._hidden_rows.add(number)
            if cells:
                self.remarks.add(RemarkCode.HIDDEN_ROWS, name=self.name)
            return None
        if not cells:
            return None
        if self._hidden:
            self.hidden_columns |= self._hidden & cells.keys()
        whole = cells | carried
        visible = {column: whole[column] for column in sorted(whole) if column not in self._hidden}
        if not visible:
            return None
        if self._noted:
            for column, cell in visible.items():
                if (number, column) in self._noted:
                    self.noted[number, column] = cell.text
        spans = {at: end for at, end in spans.items() if at in visible}
        return Row(number - self._skipped, visible, spans, number in self.heads, number)

    def is_hidden(self, row: int, column: int) -> bool:
        return row in self._hidden_rows or column in self._hidden

    def _close_merges(self, number: int) -> None:
        for column in [column for column, (last, _cell) in self._open.items() if last < number]:
            del self._open[column]

    def _merge(self, number: int, column: int, cell: Cell, end: tuple[int, int]) -> dict[int, int]:
        last_row, last_column = end[0], min(end[1], COLUMNS)
        if last_row > number:
            for at in range(column, last_column + 1):
                self._open[at] = last_row, cell
        return {column: last_column} if last_column > column else {}


def write_sheet(
    name: str, number: int, rows: SheetRows, filled: Iterator[Row], *, boxes: list[str] | None = None
) -> Iterator[Section]:
    """Yield a section for each row of a sheet, then its comments and the texts of its boxes."""
    for paragraph in iter_paragraphs(filled):
        heading = join_headings([name[:HEADING_LENGTH], paragraph.title])
        yield Section(heading, (paragraph.text,), number, get_rows(paragraph.line))
    if rows.hidden_columns:
        rows.remarks.add(RemarkCode.HIDDEN_COLUMNS, count=len(rows.hidden_columns), name=name)
    for note in rows.notes:
        about = rows.noted.get((note.row, note.column), "")
        if not about and rows.is_hidden(note.row, note.column):
            continue
        place = f"{write_column(note.column)}{note.row}"
        text = f"{about} ({place}): {note.text}" if about else f"{place}: {note.text}"
        yield Section(join_headings([name[:HEADING_LENGTH], "Comments"]), (text,), number, get_rows(note.row))
    for box in boxes or []:
        yield Section(name[:HEADING_LENGTH], (box,), number)


def note_hidden_sheet(remarks: Remarks, name: str) -> None:
    remarks.add(RemarkCode.HIDDEN_SHEETS, name=name)


def write_column(number: int) -> str:
    """Return the letters of a column: 1 is "A", 27 is "AA"."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
