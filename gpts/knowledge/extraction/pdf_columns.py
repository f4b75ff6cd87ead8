"""Columns of text that a PDF draws line by line across the page: read one column after the other.

Most programs draw column by column, and then the order of drawing is right. Tables are drawn row by row too,
and must stay so: columns are only told apart where their lines fill their width and go on in the next line.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import pypdfium2 as pdfium

# A page with more pieces of text is left as it is drawn: the time grows with their square.
PIECES = 600
LINES = 3
# Columns have lines of at least so many characters; Chinese characters count twice.
LINE_LENGTH = 15
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_LINE_END_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\ufffe\x02]$")


@dataclass
class _Piece:
    """Text without a wide gap, on one line; in points, from the lower left corner of the page."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 1.0)

    def is_beside(self, other: _Piece) -> bool:
        """Whether the other one stands on the same line."""
        shared = min(self.top, other.top) - max(self.bottom, other.bottom)
        return shared > 0.5 * min(self.height, other.height)


def read_columns(text_page: pdfium.PdfTextPage) -> str | None:
    """Return the text of a page with its columns one after the other; None for a page without such ones."""
    count = text_page.count_rects()
    if not 2 * LINES <= count <= PIECES:
        return None
    rows = _group_rows([_Piece(*text_page.get_rect(index)) for index in range(count)])
    gutters = _find_gutters(rows)
    if not gutters:
        return None
    lines = [[(piece, _read_piece(text_page, piece)) for piece in row] for row in rows]
    zones = list(_split_zones(lines, gutters))
    if not any(is_columns and _is_prose(columns) for is_columns, columns in zones):
        return None
    return "\n".join(_write_zone(is_columns, columns) for is_columns, columns in zones)


_Line = list[tuple[_Piece, str]]
# Whether the lines stand in columns, and the lines of each column (of the first one for other lines).
_Zone = tuple[bool, list[list[_Line]]]


def _group_rows(rects: Sequence[_Piece]) -> list[list[_Piece]]:
    """Join pieces without a gap, and group those that are drawn one right of the other on a line."""
    rows: list[list[_Piece]] = []
    for piece in rects:
        last = rows[-1][-1] if rows else None
        if last is None or not piece.is_beside(last) or piece.left < last.left:
            rows.append([piece])
        elif piece.left - last.right < max(piece.height, last.height):
            last.right = max(last.right, piece.right)
            last.bottom, last.top = min(last.bottom, piece.bottom), max(last.top, piece.top)
        else:
            rows[-1].append(piece)
    return rows


def _find_gutters(rows: Sequence[Sequence[_Piece]]) -> list[float]:
    """Return the places of at most two gaps that LINES rows or more have in common, from the left."""
    gaps = [(before.right, after.left) for row in rows for before, after in pairwise(row)]
    gutters: list[float] = []
    while len(gutters) < 2 and len(gaps) >= LINES:
        places = [(left + right) / 2 for left, right in gaps]
        place = max(places, key=lambda x: sum(left < x < right for left, right in gaps))
        rest = [(left, right) for left, right in gaps if not left < place < right]
        if len(gaps) - len(rest) < LINES:
            break
        gutters.append(place)
        gaps = rest
    return sorted(gutters)


def _read_piece(text_page: pdfium.PdfTextPage, piece: _Piece) -> str:
    text = text_page.get_text_bounded(piece.left, piece.bottom, piece.right, piece.top)
    return " ".join(text.split())


def _split_zones(lines: Sequence[_Line], gutters: Sequence[float]) -> Iterator[_Zone]:
    """Yield runs of lines that keep clear of the gutters, by column, and the lines between such runs."""
    zone: list[list[_Line]] = [[] for _column in range(len(gutters) + 1)]
    others: list[_Line] = []
    for line in lines:
        is_clear = all(bisect(gutters, piece.left) == bisect(gutters, piece.right) for piece, _text in line)
        # A line in one column alone goes on with the columns above it: they need not be of one length.
        if is_clear and (len(line) > 1 or any(zone)):
            if others:
                yield False, [others]
                others = []
            for column, pieces in enumerate(zone):
                own = [entry for entry in line if bisect(gutters, entry[0].left) == column]
                if own:
                    pieces.append(own)
        else:
            if any(zone):
                yield True, zone
                zone = [[] for _column in range(len(gutters) + 1)]
            others.append(line)
    if others:
        yield False, [others]
    if any(zone):
        yield True, zone


def _is_prose(columns: Sequence[Sequence[_Line]]) -> bool:
    """Return whether the lines of each column fill its width and go on in the next line, as in no table."""
    used = [column for column in columns if column]
    return len(used) > 1 and all(_is_column_of_prose(column) for column in used)


def _is_column_of_prose(lines: Sequence[_Line]) -> bool:
    if len(lines) < LINES:
        return False
    texts = [" ".join(text for _piece, text in line) for line in lines]
    if median(len(text) + len(_WIDE.findall(text)) for text in texts) < LINE_LENGTH:
        return False
    widths = [line[-1][0].right - line[0][0].left for line in lines]
    if sum(width >= 0.7 * max(widths) for width in widths) < 0.6 * len(widths):
        return False
    if sum(bool(_WIDE.search(text[:1])) for text in texts) > 0.5 * len(texts):
        return sum(width >= 0.85 * max(widths) for width in widths) >= 0.6 * len(widths)
    return sum(text[:1].islower() for text in texts[1:]) >= 0.3 * (len(texts) - 1)


def _write_zone(is_columns: bool, columns: Sequence[Sequence[_Line]]) -> str:
    if not is_columns:
        return "\n".join(" ".join(text for _piece, text in line) for line in columns[0])
    if not _is_prose(columns):
        # A table: row by row, as it is drawn.
        entries = sorted(
            (entry for column in columns for line in column for entry in line),
            key=lambda entry: (-round(entry[0].bottom), entry[0].left),
        )
        return "\n".join(" ".join(row) for row in _group_entries(entries))
    return "\n\n".join(
        "\n".join(_LINE_END_HYPHEN.sub("\x02", " ".join(text for _piece, text in line)) for line in column)
        for column in columns
    )


def _group_entries(entries: Sequence[tuple[_Piece, str]]) -> Iterator[list[str]]:
    row: list[tuple[_Piece, str]] = []
    for entry in entries:
        if row and not entry[0].is_beside(row[0][0]):
            yield [text for _piece, text in row]
            row = []
        row.append(entry)
    if row:
        yield [text for _piece, text in row]
