"""Outlook messages (MSG): the head, then the text; attachments are named, not read. By [MS-OXMSG]."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import olefile

from gpts.knowledge.extraction.charsets.decoding import clean, decode_bytes
from gpts.knowledge.extraction.office.compound import open_compound, read_stream
from gpts.knowledge.extraction.office.rtf import decompress, parse_rtf
from gpts.knowledge.extraction.remarks import RemarkCode
from gpts.knowledge.extraction.sniffing import TEST_VIRUS
from gpts.knowledge.extraction.texts.html import parse_sections
from gpts.knowledge.extraction.types import Section, Source, UnreadableError, join_headings, shorten_heading

SUBJECT, SENDER, SENDER_ADDRESS, TO, CC = "0037", "0C1A", "5D01", "0E04", "0E03"
BODY, HTML, COMPRESSED_RTF = "1000", "1013", "1009"
LONG_NAME, SHORT_NAME, DATA = "3707", "3704", "3701"
_PROPERTIES = "__properties_version1.0"
_SENT, _CODE_PAGE = 0x00390040, 0x3FFD0003
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


def read(source: Source) -> Iterator[Section]:
    with open_compound(source) as file:
        message = _Message(file)
        subject = message.read_text(SUBJECT)
        sender = " ".join(filter(None, (message.read_text(SENDER), message.read_text(SENDER_ADDRESS))))
        head = {
            "Subject": subject, "From": sender, "To": message.read_text(TO), "Cc": message.read_text(CC),
            "Date": message.read_date(),
        }  # fmt: skip
        heading = shorten_heading(subject)
        yield Section(heading, ("\n".join(f"{name}: {text}" for name, text in head.items() if text),))
        for section in message.read_body():
            yield Section(join_headings([heading, section.heading]), section.paragraphs)
        for name in message.list_attachments():
            source.remarks.add(RemarkCode.EMBEDDED_FILES, name=name)


class _Message:
    def __init__(self, file: olefile.OleFileIO) -> None:
        self._file = file
        self._entries = file.listdir(streams=True, storages=True)
        self._names = {"/".join(entry) for entry in self._entries}
        if _PROPERTIES not in self._names:
            raise UnreadableError("malformed")
        self._values = self._read_values()

    def _read_values(self) -> dict[int, bytes]:
        """Return the values of fixed size by property, from the stream that lists all properties."""
        data = read_stream(self._file, _PROPERTIES)[32:]
        rows = (data[at : at + 16] for at in range(0, len(data) - 15, 16))
        return {struct.unpack_from("<I", row)[0]: row[8:] for row in rows}

    def read_text(self, name: str, folder: str = "") -> str:
        path = f"{folder}__substg1.0_{name}"
        if f"{path}001F" in self._names:
            return clean(
                read_stream(self._file, *f"{path}001F".split("/")).decode("utf-16-le", "replace")
            ).strip("\x00 ")
        if f"{path}001E" in self._names:
            data = read_stream(self._file, *f"{path}001E".split("/")).rstrip(b"\x00")
            return decode_bytes(data, self._find_charset()).strip()
        return ""

    def _find_charset(self) -> str:
        page = struct.unpack_from("<I", self._values.get(_CODE_PAGE, bytes(8)))[0]
        known = {65001: "utf-8", 936: "gb18030", 950: "big5hkscs", 949: "cp949", 932: "cp932"}
        return known.get(page, f"cp{page}" if 1250 <= page <= 1258 or page in (866, 874) else "")

    def read_date(self) -> str:
        ticks = struct.unpack_from("<Q", self._values.get(_SENT, bytes(8)))[0]
        # Ticks of 100 ns since 1601.
        if not 0 < ticks < 3_155_378_975_999_999_999:
            return ""
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
        return f"{moment:%Y-%m-%d %H:%M} UTC"

    def read_body(self) -> Iterator[Section]:
        text = self.read_text(BODY)
        if text:
            yield from (Section("", (part.strip(),)) for part in _PARAGRAPHS.split(text) if part.strip())
            return
        html = self.read_text(HTML) or decode_bytes(self._read_binary(HTML), media_type="text/html")
        if html.strip():
            yield from parse_sections(iter([html]))
            return
        packed = self._read_binary(COMPRESSED_RTF)
        if packed:
            yield from parse_rtf(decompress(packed))

    def _read_binary(self, name: str) -> bytes:
        path = f"__substg1.0_{name}0102"
        return read_stream(self._file, path).rstrip(b"\x00") if path in self._names else b""

    def list_attachments(self) -> Iterator[str]:
        for entry in self._entries:
            if len(entry) == 1 and entry[0].startswith("__attach_version1.0_"):
                folder = f"{entry[0]}/"
                if f"{folder}__substg1.0_{DATA}0102" in self._names:
                    data = read_stream(self._file, entry[0], f"__substg1.0_{DATA}0102")
                    if data.startswith(TEST_VIRUS):
                        raise UnreadableError("malware")
                yield self.read_text(LONG_NAME, folder) or self.read_text(SHORT_NAME, folder) or "?"
