"""CSV and TSV: a paragraph for each row, with a line "column: value" for each cell."""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator
from itertools import chain, islice

from gpts.knowledge.extraction.charsets.decoding import iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.tables.grid import Cell, CellKind, Row, is_number, iter_paragraphs
from gpts.knowledge.extraction.types import Section, Source, get_rows

SAMPLE_LINES = 200
# Tried in this order: where several part the rows equally, a comma is rather one of a number or a sentence.
DELIMITERS = "\t;|,"
# A quoted cell goes on over at most so many lines and characters. If it is not closed by then, its quotation
# mark is an ordinary character, such as inches.
QUOTED_LINES = 200
QUOTED_CHARACTERS = 1_000_000
# After so many that were not, no line is read together with the next any more.
FAILURES = 50
# What no text contains: parts nothing.
NO_DELIMITER = "\x1f"
# Of the lines, the share that a mark must part evenly.
LEAST_SHARE = 0.3
# A cell may be the whole of what is looked at.
CELL_CHARACTERS = QUOTED_CHARACTERS * 4
_CLOSED, _BROKEN = -1, -2


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        lines = iter_lines(CountedFile(file, source), QUOTED_CHARACTERS, source)
        sample = list(islice(lines, SAMPLE_LINES))
        declared = _read_separator_line(sample)
        if declared:
            del sample[0]
        delimiter = declared or (
            "\t" if source.media_type.startswith("text/tab") else guess_delimiter(sample)
        )
        records = _Records(chain(sample, lines), delimiter)
        for paragraph in iter_paragraphs(_iter_rows(iter(records))):
            yield Section(paragraph.title, (paragraph.text,), rows=get_rows(paragraph.line))


def _iter_rows(records: Iterator[list[str]]) -> Iterator[Row]:
    held: list[list[str]] = list(islice(records, SAMPLE_LINES))
    # With several columns, the head is told from titles; the first line of one column is its name.
    is_list = all(len(record) == 1 for record in held)
    is_first = True
    for number, record in enumerate(chain(held, records), 1):
        cells: dict[int, Cell] = {}
        for column, value in enumerate(record, 1):
            text = " ".join(value.split())
            if text:
                cells[column] = Cell(text, CellKind.NUMBER if is_number(text) else CellKind.TEXT)
        if cells:
            yield Row(number, cells, is_head=is_first and is_list, line=number)
            is_first = False


def _read_separator_line(sample: list[str]) -> str:
    """Return the separator of a first line "sep=;", which Excel obeys; empty without one."""
    line = sample[0].strip().strip('"') if sample else ""
    return (
        line[4] if len(line) == 5 and line[:4].lower() == "sep=" else "\t" if line.lower() == "sep=" else ""
    )


def guess_delimiter(sample: list[str]) -> str:
    """Return the mark that parts most lines of the sample into the same number of cells, the most of them."""

    def rate(mark: str) -> tuple[float, int]:
        counts = Counter(len(record) for record in _Records(iter(sample), mark) if any(record))
        parted = [(times, columns) for columns, times in counts.items() if columns > 1]
        times, columns = max(parted, default=(0, 1))
        return (times / sum(counts.values()) if parted else 0.0), columns

    rates = {mark: rate(mark) for mark in DELIMITERS}
    best = max(rates.values())[0]
    if best < LEAST_SHARE:
        return NO_DELIMITER
    # Nearly as even, but with more columns, is the better one: a short last line is no reason against it.
    near = [mark for mark in DELIMITERS if rates[mark][0] >= best * 0.9]
    return max(near, key=lambda mark: (rates[mark][1], -DELIMITERS.index(mark)))


class _Records:
    """Splits lines into cells. Quoted cells may contain separators, doubled quotation marks and line ends."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._ahead: deque[str] = deque()
        self._failures = 0

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            line = self._next()
            if line is None:
                return
            yield self._split(line)

    def _next(self) -> str | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _split(self, line: str) -> list[str]:
        if '"' not in line:
            return line.split(self._delimiter)
        begin = self._find_open_quote(line, 0)
        if begin == _CLOSED:
            return self._parse(line)
        if begin == _BROKEN or self._failures > FAILURES:
            return line.split(self._delimiter)
        held, size = [line], len(line)
        while len(held) < QUOTED_LINES and size < QUOTED_CHARACTERS:
            following = self._next()
            if following is None:
                break
            held.append(following)
            size += len(following) + 1
            if '"' not in following:
                continue
            text = "\n".join(held)
            begin = self._find_open_quote(text, begin)
            if begin == _CLOSED:
                return self._parse(text)
            if begin == _BROKEN:
                break
        self._failures += 1
        self._ahead.extendleft(reversed(held[1:]))
        return line.split(self._delimiter)

    def _parse(self, text: str) -> list[str]:
        # The limit holds for the process: other readers of it refuse by the one that they found.
        before = csv.field_size_limit(CELL_CHARACTERS)
        try:
            return next(csv.reader([text], delimiter=self._delimiter), [])
        finally:
            csv.field_size_limit(before)

    def _find_open_quote(self, text: str, begin: int) -> int:
        """Return where the cell begins whose quotation mark is still open at the end of ``text``.

        _CLOSED if none is, _BROKEN if one is closed within the text of a cell. Cells before ``begin`` are
        closed.
        """
        mark = self._delimiter
        at = begin
        while at < len(text):
            if text[at] != '"':
                following = text.find(mark, at)
                if following < 0:
                    return _CLOSED
                at = following + 1
                continue
            end = text.find('"', at + 1)
            while end >= 0 and text[end + 1 : end + 2] == '"':
                end = text.find('"', end + 2)
            if end < 0:
                return at
            if end + 1 == len(text):
                return _CLOSED
            if text[end + 1] != mark:
                return _BROKEN
            at = end + 2
        return _CLOSED
