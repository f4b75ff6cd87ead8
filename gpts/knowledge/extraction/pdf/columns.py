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
import pypdfium2.raw as raw

# Characters of a page: fewer make no columns, more are left as they are drawn.
FEWEST, MOST = 60, 30_000
# Characters in the middle of a page that are looked at first: most pages have no gaps.
SAMPLE = 600
# Gaps that are compared with each other.
GAPS = 600
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
    text: str

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 1.0)

    def is_beside(self, other: _Piece) -> bool:
        """Whether the other one stands on the same line."""
        shared = min(self.top, other.top) - max(self.bottom, other.bottom)
        return shared > 0.5 * min(self.height, other.height)

    def is_apart(self, other: _Piece) -> bool:
        """Whether there is a wide gap before the other one, which stands right of this one."""
        return other.left - self.right > max(self.height, other.height)


_Line = list[_Piece]
# Whether the lines stand in columns, and the lines of each column (of the first one for other lines).
_Zone = tuple[bool, list[list[_Line]]]


def read_columns(text_page: pdfium.PdfTextPage) -> str | None:
    """Return the text of a page with its columns one after the other; None for a page without such ones."""
    count = text_page.count_chars()
    if not FEWEST <= count <= MOST:
        return None
    start = max((count - SAMPLE) // 2, 0)
    sample = _group_rows(_iter_characters(text_page, start, min(start + SAMPLE, count)))
    if sum(len(row) > 1 for row in sample) < LINES:
        return None
    rows = _group_rows(_iter_characters(text_page, 0, count))
    gutters = _find_gutters(rows)
    zones = list(_split_zones(rows, gutters)) if gutters else []
    if not any(is_columns and _is_prose(columns) for is_columns, columns in zones):
        return None
    return "\n".join(_write_zone(is_columns, columns) for is_columns, columns in zones)


def _iter_characters(text_page: pdfium.PdfTextPage, start: int, end: int) -> Iterator[_Piece]:
    """Yield characters in the order of drawing; spaces have no place, and are yielded as empty ones."""
    box = raw.FS_RECTF()
    for index in range(start, end):
        code = raw.FPDFText_GetUnicode(text_page, index)
        if chr(code).isspace() or not raw.FPDFText_GetLooseCharBox(text_page, index, box):
            yield _Piece(0, 0, 0, 0, "")
        else:
            yield _Piece(box.left, box.bottom, box.right, box.top, chr(code))


def _group_rows(characters: Iterator[_Piece]) -> list[_Line]:
    """Join characters without a wide gap, and group those that are drawn one right of the other on a line."""
    rows: list[_Line] = []
    has_space = False
    for piece in characters:
        if not piece.text:
            has_space = True
            continue
        last = rows[-1][-1] if rows else None
        if last is None or not piece.is_beside(last) or piece.left < last.left:
            rows.append([piece])
        elif last.is_apart(piece):
            rows[-1].append(piece)
        else:
            last.text += f" {piece.text}" if has_space else piece.text
            last.right = max(last.right, piece.right)
            last.bottom, last.top = min(last.bottom, piece.bottom), max(last.top, piece.top)
        has_space = False
    return rows


def _find_gutters(rows: Sequence[_Line]) -> list[float]:
    """Return the places of at most two gaps that LINES rows or more have in common, from the left."""
    gaps = [(before.right, after.left) for row in rows for before, after in pairwise(row)][:GAPS]
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


def _split_zones(lines: Sequence[_Line], gutters: Sequence[float]) -> Iterator[_Zone]:
    """Yield runs of lines that keep clear of the gutters, by column, and the lines between such runs."""
    zone: list[list[_Line]] = [[] for _column in range(len(gutters) + 1)]
    others: list[_Line] = []
    for line in lines:
        is_clear = all(bisect(gutters, piece.left) == bisect(gutters, piece.right) for piece in line)
        # A line in one column alone goes on with the columns above it: they need not be of one length.
        if is_clear and (len(line) > 1 or any(zone)):
            if others:
                yield False, [others]
                others = []
            for column, pieces in enumerate(zone):
                own = [piece for piece in line if bisect(gutters, piece.left) == column]
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
    texts = [_join(line) for line in lines]
    if median(len(text) + len(_WIDE.findall(text)) for text in texts) < LINE_LENGTH:
        return False
    widths = [line[-1].right - line[0].left for line in lines]
    if sum(width >= 0.7 * max(widths) for width in widths) < 0.6 * len(widths):
        return False
    if sum(bool(_WIDE.search(text[:1])) for text in texts) > 0.5 * len(texts):
        return sum(width >= 0.85 * max(widths) for width in widths) >= 0.6 * len(widths)
    return sum(text[:1].islower() for text in texts[1:]) >= 0.3 * (len(texts) - 1)


def _write_zone(is_columns: bool, columns: Sequence[Sequence[_Line]]) -> str:
    if not is_columns:
        return "\n".join(map(_join, columns[0]))
    if not _is_prose(columns):
        # A table: row by row, as it is drawn.
        pieces = [piece for column in columns for line in column for piece in line]
        pieces.sort(key=lambda piece: (-round(piece.bottom), piece.left))
        return "\n".join(map(_join, _group_beside(pieces)))
    return "\n\n".join(
        "\n".join(_LINE_END_HYPHEN.sub("\x02", _join(line)) for line in column) for column in columns
    )


def _join(line: _Line) -> str:
    text = " ".join(piece.text for piece in line)
    # Characters beyond U+FFFF come in halves.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _group_beside(pieces: Sequence[_Piece]) -> Iterator[_Line]:
    row: _Line = []
    for piece in pieces:
        if row and not piece.is_beside(row[0]):
            yield row
            row = []
        row.append(piece)
    if row:
        yield row
