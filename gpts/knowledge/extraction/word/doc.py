"""Word documents of the old kind (DOC, since 1997): the text by its table of pieces, headings by style.

By [MS-DOC]. Revisions are read as text, also those that delete.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator

from gpts.knowledge.extraction.charsets.decoding import clean
from gpts.knowledge.extraction.office.compound import open_compound, read_stream
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source, UnreadableError
from gpts.knowledge.extraction.word.number_fields import NumberFields

_MAGIC = 0xA5EC
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_PIECES = 500_000
# Pages of formatting: 512 bytes each.
_PAGES = 200_000
# The styles of headings have these numbers in every document.
_HEADINGS = range(1, 10)
# Stands before the end of a paragraph that is a heading, with its level; no text has this character.
_MARK = "\ufdd0"
_HEADING_LENGTH = 1_000
# A field is written as code, separator, result; only the result is text.
_BEGIN, _SEPARATOR, _END = "\x13", "\x14", "\x15"
_FIELD = re.compile("[\x13\x14\x15]")
_SIGNS = {
    "\x0b": "\n",
    "\x0c": "\r",
    "\x0e": "\r",
    "\x1e": "-",
    "\x1f": "",
    "\xa0": " ",
    "\x01": "",
    "\x08": "",
    "\x02": "",
    "\x05": "",
}
_SIGN = re.compile("[" + "".join(_SIGNS) + "]")
_ROW_END = re.compile("\x07{2,}")


def read(source: Source) -> Iterator[Section]:
    with open_compound(source) as file:
        body = read_stream(file, "WordDocument")
        try:
            magic, flags = struct.unpack_from("<H8xH", body)
            if flags & _ENCRYPTED:
                raise UnreadableError("encrypted")
            if magic != _MAGIC:
                raise UnreadableError("malformed")
            table = read_stream(file, "1Table" if flags & _SECOND_TABLE else "0Table")
            main, notes, heads, macros, comments = struct.unpack_from("<5i", body, 0x4C)
            text, levels = _read_pieces(body, table, _read_heading_places(body, table))
        except (struct.error, IndexError, OverflowError):
            raise UnreadableError("malformed") from None
    main = max(0, min(main, len(text)))
    outline = Outline()
    fields = NumberFields()
    for paragraph in _split(_mark_headings(text[:main], levels), fields):
        line, mark, level = paragraph.partition(_MARK)
        if mark and line.strip() and len(line) < _HEADING_LENGTH:
            yield from outline.open(int(level[:1] or 1), line)
        elif line.strip():
            yield outline.add(line)
    yield from outline.end()
    begin = main + max(notes, 0) + max(heads, 0) + max(macros, 0)
    for heading, part in (
        ("Notes", text[main : main + max(notes, 0)]),
        ("Comments", text[begin : begin + max(comments, 0)]),
    ):
        for paragraph in _split(part, fields):
            yield Section(heading, (paragraph,))


def _read_heading_places(body: bytes, table: bytes) -> tuple[list[int], list[int]]:
    """Return the places in the file from which paragraphs have a style, ascending, and its number."""
    begin, size = struct.unpack_from("<II", body, 0x0102)
    data = table[begin : begin + size]
    count = (len(data) - 4) // 8
    runs: dict[int, int] = {}
    for index in range(min(count, _PAGES)):
        (page,) = struct.unpack_from("<I", data, 4 * (count + 1) + 4 * index)
        start = (page & 0x3FFFFF) * 512
        block = body[start : start + 512]
        if len(block) < 512 or 17 * block[511] + 4 > 511:
            continue
        places = struct.unpack_from(f"<{block[511] + 1}I", block)
        for run in range(block[511]):
            at = 2 * block[4 * (block[511] + 1) + 13 * run]
            # Two bytes of size if the first one is 0.
            at += 1 if at and block[at] else 2
            style = struct.unpack_from("<H", block, at)[0] if 2 < at < 510 else 0
            runs[places[run]] = style
            runs.setdefault(places[run + 1], 0)
    return sorted(runs), [runs[place] for place in sorted(runs)]


def _mark_headings(text: str, levels: dict[int, int]) -> str:
    parts: list[str] = []
    at = 0
    for place in sorted(levels):
        if place < len(text):
            parts += [text[at:place], f"{_MARK}{levels[place]}"]
            at = place
    return "".join([*parts, text[at:]])


def _read_pieces(
    body: bytes, table: bytes, styles: tuple[list[int], list[int]]
) -> tuple[str, dict[int, int]]:
    """Return the text of all pieces in order, and the level of headings by the position of their end.

    A piece is in UTF-16 or, in half the room, in Windows-1252.
    """
    begin, size = struct.unpack_from("<II", body, 0x01A2)
    data = table[begin : begin + size]
    at = 0
    while data[at] == 1:
        # Formatting that the pieces refer to.
        at += 3 + struct.unpack_from("<H", data, at + 1)[0]
    if data[at] != 2:
        raise UnreadableError("malformed")
    (length,) = struct.unpack_from("<I", data, at + 1)
    pieces = data[at + 5 : at + 5 + length]
    count = (len(pieces) - 4) // 12
    if not 0 < count <= _PIECES:
        raise UnreadableError("malformed")
    positions = struct.unpack_from(f"<{count + 1}I", pieces)
    parts: list[str] = []
    levels: dict[int, int] = {}
    begins, numbers = styles
    left = len(body) * 2
    done = 0
    for index in range(count):
        (place,) = struct.unpack_from("<I", pieces, 4 * (count + 1) + 8 * index + 2)
        characters = positions[index + 1] - positions[index]
        # Pieces do not overlap, so all together are no longer than the stream.
        left -= characters
        if characters < 0 or left < 0:
            raise UnreadableError("malformed")
        is_narrow = bool(place & 0x40000000)
        start, width = ((place & 0x3FFFFFFF) // 2, 1) if is_narrow else (place, 2)
        data = body[start : start + width * characters]
        text = data.decode("cp1252" if is_narrow else "utf-16-le", "replace").replace(_MARK, "")
        at = text.find("\r") if begins else -1
        while at >= 0:
            found = bisect_right(begins, start + width * at) - 1
            if found >= 0 and numbers[found] in _HEADINGS:
                levels[done + at] = numbers[found]
            at = text.find("\r", at + 1)
        parts.append(text)
        done += len(text)
    return "".join(parts), levels


def _split(text: str, fields: NumberFields) -> Iterator[str]:
    text = _ROW_END.sub("\r", _drop_field_codes(text, fields)).replace("\x07", " · ")
    for paragraph in _SIGN.sub(lambda match: _SIGNS[match[0]], text).split("\r"):
        for start in range(0, len(paragraph), PARAGRAPH_LIMIT):
            part = clean(paragraph[start : start + PARAGRAPH_LIMIT]).strip().removesuffix("·").rstrip()
            if part:
                yield part


def _drop_field_codes(text: str, numbers: NumberFields) -> str:
    """Return the text with the results of its fields alone, and the numbers of those that have none."""
    parts: list[str] = []
    # Of each open field where its code begins, and where its result begins in ``parts``, or None.
    fields: list[tuple[int, int | None]] = []
    hidden = 0
    at = 0
    for match in _FIELD.finditer(text):
        if not hidden:
            parts.append(text[at : match.start()])
        at = match.end()
        if match[0] == _BEGIN:
            fields.append((at, None))
            hidden += 1
        elif match[0] == _SEPARATOR and fields and fields[-1][1] is None:
            fields[-1] = fields[-1][0], len(parts)
            hidden -= 1
        elif match[0] == _END and fields:
            begin, result = fields.pop()
            hidden -= result is None
            stored = "" if result is None else "".join(parts[result:])
            number = _count_field(text, begin, stored, numbers)
            if number and not stored.strip() and not hidden:
                parts.append(number)
    parts.append(text[at:])
    return "".join(parts)


def _count_field(text: str, begin: int, stored: str, numbers: NumberFields) -> str:
    end = text.find("\r", begin)
    level = text[end - 1] if end > 1 and text[end - 2] == _MARK else "0"
    code = _FIELD.split(text[begin : begin + 200], maxsplit=1)[0]
    return numbers.count(
        code, paragraph=end, heading=int(level) if level.isdecimal() else 0, result=stored[:100]
    )
