"""PowerPoint presentations of the old kind (PPT): the text of slides by their records. By [MS-PPT]."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gpts.knowledge.extraction.charsets.decoding import clean
from gpts.knowledge.extraction.office.compound import open_compound, read_stream
from gpts.knowledge.extraction.remarks import RemarkCode
from gpts.knowledge.extraction.types import HEADING_LENGTH, Section, Source, UnreadableError

_SLIDE, _SLIDE_LIST, _SLIDE_REFERENCE = 1006, 4080, 1011
_SHOW_INFO = 1017
_TEXT_HEAD, _TEXT_WIDE, _TEXT_BYTES = 3999, 4000, 4008
_EDIT, _DIRECTORY = 4085, 6002
_ENCRYPTED = 0xF3D1C4DF
_TITLES = (0, 6)
_OUTLINE = 0
# Edits that a file may have been saved with, objects that they list, records within one object.
EDITS = 1_000
OBJECTS = 100_000
RECORDS = 2_000_000


def read(source: Source) -> Iterator[Section]:
    with open_compound(source) as file:
        user = read_stream(file, "Current User")
        data = read_stream(file, "PowerPoint Document")
    try:
        yield from _Deck(user, data, source).read()
    except (struct.error, IndexError):
        raise UnreadableError("malformed") from None


class _Deck:
    def __init__(self, user: bytes, data: bytes, source: Source) -> None:
        self._data = data
        self._source = source
        self._left = RECORDS
        (token,) = struct.unpack_from("<I", user, 12)
        if token == _ENCRYPTED:
            raise UnreadableError("encrypted")
        (edit,) = struct.unpack_from("<I", user, 16)
        self._places, self._document = self._read_directory(edit)

    def _read_directory(self, edit: int) -> tuple[dict[int, int], int]:
        """Return the place of each object, the newest of all edits, and the number of the document's."""
        places: dict[int, int] = {}
        document = 0
        for _step in range(EDITS):
            kind, body, _end = self._head(edit)
            if kind != _EDIT:
                raise UnreadableError("malformed")
            before, directory, reference = struct.unpack_from("<III", self._data, body + 8)
            document = document or reference
            _kind, at, end = self._head(directory)
            while at + 4 <= end and len(places) < OBJECTS:
                (first,) = struct.unpack_from("<I", self._data, at)
                at += 4
                for number in range(first & 0xFFFFF, (first & 0xFFFFF) + (first >> 20)):
                    places.setdefault(number, struct.unpack_from("<I", self._data, at)[0])
                    at += 4
            if not before or before >= edit:
                break
            edit = before
        return places, document

    def _head(self, at: int) -> tuple[int, int, int]:
        """Return kind, begin and end of the content of the record at a place."""
        _version, kind, size = struct.unpack_from("<HHI", self._data, at)
        return kind, at + 8, min(at + 8 + size, len(self._data))

    def _iter_records(self, begin: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield instance, kind, begin and end of all records in a container, also of those inside others."""
        at = begin
        while at + 8 <= end:
            self._left -= 1
            if self._left < 0:
                raise UnreadableError("too_complex")
            version, kind, size = struct.unpack_from("<HHI", self._data, at)
            yield version >> 4, kind, at + 8, min(at + 8 + size, end)
            # The records of a container follow right behind its head.
            at += 8 if version & 0xF == 0xF else 8 + size

    def read(self) -> Iterator[Section]:
        _kind, begin, end = self._head(self._places[self._document])
        outline: list[tuple[int, list[tuple[int, str]]]] = []
        current: list[tuple[int, str]] | None = None
        text_kind = -1
        list_kind, list_end = -1, 0
        for instance, kind, at, stop in self._iter_records(begin, end):
            if kind == _SLIDE_LIST:
                list_kind, list_end, current = instance, stop, None
            elif at >= list_end or list_kind != _OUTLINE:
                continue
            elif kind == _SLIDE_REFERENCE:
                current = []
                outline.append((struct.unpack_from("<I", self._data, at)[0], current))
            elif kind == _TEXT_HEAD:
                text_kind = struct.unpack_from("<I", self._data, at)[0]
            elif kind in (_TEXT_WIDE, _TEXT_BYTES) and current is not None:
                current.append((text_kind, self._read_text(kind, at, stop)))
        for number, (reference, texts) in enumerate(outline, 1):
            yield from self._read_slide(number, reference, texts)
            self._source.report(number / len(outline))

    def _read_text(self, kind: int, at: int, stop: int) -> str:
        data = self._data[at:stop]
        text = data.decode("utf-16-le", "replace") if kind == _TEXT_WIDE else data.decode("latin-1")
        return clean(text.replace("\x0b", " ").replace("\r", "\n"))

    def _read_slide(self, number: int, reference: int, texts: list[tuple[int, str]]) -> Iterator[Section]:
        # The outline has the texts of placeholders; those of other boxes are in the slide itself.
        place = self._places.get(reference)
        if place is not None:
            kind, begin, end = self._head(place)
            text_kind = -1
            for _instance, found, at, stop in self._iter_records(begin, end) if kind == _SLIDE else ():
                if found == _SHOW_INFO and stop - at >= 12 and self._data[at + 10] & 4:
                    self._source.remarks.add(RemarkCode.HIDDEN_SLIDES, number=number)
                    return
                if found == _TEXT_HEAD:
                    text_kind = struct.unpack_from("<I", self._data, at)[0]
                elif found in (_TEXT_WIDE, _TEXT_BYTES):
                    texts.append((text_kind, self._read_text(found, at, stop)))
        title = next((text for kind, text in texts if kind in _TITLES and text.strip()), "")
        lines = [line.strip() for _kind, text in texts if text != title for line in text.split("\n")]
        heading = " ".join(title.split())
        paragraphs = tuple(dict.fromkeys(filter(None, lines)))
        if heading or paragraphs:
            yield Section(heading[:HEADING_LENGTH], paragraphs or (heading,), number)
