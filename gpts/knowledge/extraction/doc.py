"""Word documents of the old kind (DOC, since 1997): the text by its table of pieces. By [MS-DOC]."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from gpts.knowledge.extraction.compound import open_compound, read_stream
from gpts.knowledge.extraction.decoding import clean
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source, UnreadableError

_MAGIC = 0xA5EC
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_PIECES = 500_000
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
            text = _read_pieces(body, table)
        except (struct.error, IndexError, OverflowError):
            raise UnreadableError("malformed") from None
    main = max(0, min(main, len(text)))
    yield from _split(text[:main], "")
    yield from _split(text[main : main + max(notes, 0)], "Notes")
    begin = main + max(notes, 0) + max(heads, 0) + max(macros, 0)
    yield from _split(text[begin : begin + max(comments, 0)], "Comments")


def _read_pieces(body: bytes, table: bytes) -> str:
    """Return the text of all pieces in order: each is in UTF-16 or, in half the room, in Windows-1252."""
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
    left = len(body) * 2
    for index in range(count):
        (place,) = struct.unpack_from("<I", pieces, 4 * (count + 1) + 8 * index + 2)
        characters = positions[index + 1] - positions[index]
        # Pieces do not overlap, so all together are no longer than the stream.
        left -= characters
        if characters < 0 or left < 0:
            raise UnreadableError("malformed")
        if place & 0x40000000:
            start = (place & 0x3FFFFFFF) // 2
            parts.append(body[start : start + characters].decode("cp1252", "replace"))
        else:
            parts.append(body[place : place + 2 * characters].decode("utf-16-le", "replace"))
    return "".join(parts)


def _split(text: str, heading: str) -> Iterator[Section]:
    text = _ROW_END.sub("\r", _drop_field_codes(text)).replace("\x07", " · ")
    for paragraph in _SIGN.sub(lambda match: _SIGNS[match[0]], text).split("\r"):
        for start in range(0, len(paragraph), PARAGRAPH_LIMIT):
            part = clean(paragraph[start : start + PARAGRAPH_LIMIT]).strip().removesuffix("·").rstrip()
            if part:
                yield Section(heading, (part,))


def _drop_field_codes(text: str) -> str:
    parts: list[str] = []
    # Of each open field, whether its code is over.
    fields: list[bool] = []
    hidden = 0
    at = 0
    for match in _FIELD.finditer(text):
        if not hidden:
            parts.append(text[at : match.start()])
        at = match.end()
        if match[0] == _BEGIN:
            fields.append(False)
            hidden += 1
        elif match[0] == _SEPARATOR and fields and not fields[-1]:
            fields[-1] = True
            hidden -= 1
        elif match[0] == _END and fields and not fields.pop():
            hidden -= 1
    parts.append(text[at:])
    return "".join(parts)
