"""Documents that a Word document embeds as a whole (w:altChunk): HTML, web archives, RTF and plain text."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy

from gpts.knowledge.extraction.charsets.decoding import decode
from gpts.knowledge.extraction.office.archives import Archive
from gpts.knowledge.extraction.office.rtf import parse_rtf
from gpts.knowledge.extraction.texts.html import parse_sections
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section

# Web archives and RTF are read into memory as a whole; of larger ones the beginning.
WHOLE_BYTES = 10_000_000
_HTML = ("html", "htm", "xhtml")
_MHT = ("mht", "mhtml")


def read_chunk(archive: Archive, part: str) -> Iterator[Section] | None:
    """Return the sections of an embedded document; None for a kind that is not read."""
    ending = part.rpartition(".")[2].lower()
    if ending in _HTML:
        return _read_html(archive, part)
    if ending in _MHT:
        return _read_web_archive(archive, part)
    if ending == "rtf":
        return _read_rtf(archive, part)
    return _read_text(archive, part) if ending == "txt" else None


def _read_html(archive: Archive, part: str) -> Iterator[Section]:
    with archive.open(part) as file:
        yield from parse_sections(decode(file))


def _read_text(archive: Archive, part: str) -> Iterator[Section]:
    with archive.open(part) as file:
        for text in decode(file):
            for paragraph in text.split("\n"):
                if paragraph.strip():
                    yield Section("", (paragraph.strip()[:PARAGRAPH_LIMIT],))


def _read_rtf(archive: Archive, part: str) -> Iterator[Section]:
    with archive.open(part) as file:
        data = file.read(WHOLE_BYTES)
    yield from parse_rtf(data)


def _read_web_archive(archive: Archive, part: str) -> Iterator[Section]:
    with archive.open(part) as file:
        data = file.read(WHOLE_BYTES)
    message = message_from_bytes(data, policy=policy.compat32)
    for piece in message.walk():
        if piece.get_content_type() == "text/html":
            body = piece.get_payload(decode=True)
            if isinstance(body, bytes):
                text = body.decode(piece.get_content_charset("utf-8"), "replace")
                yield from parse_sections(iter((text,)))
                return
