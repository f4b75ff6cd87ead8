"""CSV and TSV: a paragraph for each row, with a line "column: value" for each cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain

from gpts.knowledge.extraction.decoding import iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import Section, Source, UnreadableError, shorten_heading

SAMPLE_LINES = 50
# The default limit of Python's csv module for one cell.
CELL_LIMIT = 131_072


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        lines = (f"{line}\n" for line in iter_lines(CountedFile(file, source), CELL_LIMIT * 2))
        sample = [line for _number, line in zip(range(SAMPLE_LINES), lines, strict=False)]
        delimiter = "\t" if source.media_type.startswith("text/tab") else _guess_delimiter(sample)
        rows = csv.reader(chain(sample, lines), delimiter=delimiter)
        try:
            names = [shorten_heading(name) for name in next(rows, [])]
            is_alone = True
            for row in rows:
                is_alone = False
                paragraph = format_row(names, row)
                if paragraph:
                    yield Section("", (paragraph,))
            if is_alone and any(names):
                yield Section("", ("\n".join(filter(None, names)),))
        except csv.Error:
            raise UnreadableError("malformed") from None


def format_row(names: list[str], row: list[str]) -> str:
    named = chain(names, [""] * max(len(row) - len(names), 0))
    return "\n".join(
        f"{name}: {' '.join(cell.split())}" if name else " ".join(cell.split())
        for name, cell in zip(named, row, strict=False)
        if cell.strip()
    )


def _guess_delimiter(sample: list[str]) -> str:
    """Return the separator that occurs most often in every line of the sample."""
    counts = {mark: [line.count(mark) for line in sample] for mark in ",;\t|"}
    return max(counts, key=lambda mark: (min(counts[mark], default=0), sum(counts[mark])))
