"""E-mails (EML, and web pages saved as MHTML): the head, then the text; attachments are not read."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

from gpts.knowledge.extraction.charsets.choosing import resolve_label
from gpts.knowledge.extraction.charsets.decoding import decode_bytes
from gpts.knowledge.extraction.remarks import RemarkCode
from gpts.knowledge.extraction.sniffing import TEST_VIRUS, TEST_VIRUS_BYTES
from gpts.knowledge.extraction.texts.html import parse_sections
from gpts.knowledge.extraction.types import Section, Source, UnreadableError, join_headings, shorten_heading

HEADERS = ("Subject", "From", "To", "Cc", "Date")
HEADER_LENGTH = 2_000
# Messages within messages, and parts of all of them.
DEPTH = 10
PARTS = 2_000
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_SOFT_BREAK = re.compile(r" \n(?=[^\n>])")


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        # The parser of bytes keeps what is not ASCII; the policy reads no header before it is asked for.
        message = email.message_from_binary_file(file)
    if not message.keys():
        raise UnreadableError("malformed")
    reader = _MailReader(source)
    yield from reader.read(message, 0)


class _MailReader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._parts = 0

    def read(self, message: Message, depth: int, above: str = "") -> Iterator[Section]:
        head = {name: text for name in HEADERS if (text := _read_header(message, name))}
        heading = join_headings([above, shorten_heading(head.get("Subject", ""))])
        if head:
            yield Section(heading, ("\n".join(f"{name}: {text}" for name, text in head.items()),))
        yield from self._read_part(message, heading, depth)

    def _read_part(self, part: Message, heading: str, depth: int) -> Iterator[Section]:
        self._parts += 1
        if self._parts > PARTS or depth > DEPTH:
            raise UnreadableError("too_complex")
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind == "multipart/alternative" and isinstance(payload, list):
            chosen = _choose_alternative(payload)
            if chosen is not None:
                yield from self._read_part(chosen, heading, depth + 1)
        elif kind == "message/rfc822" and isinstance(payload, list):
            for inner in payload[:1]:
                if isinstance(inner, Message):
                    yield from self.read(inner, depth + 1, heading)
        elif isinstance(payload, list):
            for inner in payload:
                if isinstance(inner, Message):
                    yield from self._read_part(inner, heading, depth + 1)
        elif kind.startswith("text/") and part.get_content_disposition() != "attachment":
            yield from self._read_text(part, heading)
        else:
            self._note_attachment(part)

    def _read_text(self, part: Message, heading: str) -> Iterator[Section]:
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes) or not data.strip():
            return
        declared = resolve_label(str(part.get_param("charset") or ""))
        kind = part.get_content_type()
        text = decode_bytes(data, declared, "text/html" if kind == "text/html" else "text/plain")
        if kind == "text/html":
            for section in parse_sections(iter([text])):
                yield Section(join_headings([heading, section.heading]), section.paragraphs)
            return
        if str(part.get_param("format") or "").lower() == "flowed":
            text = _SOFT_BREAK.sub(" ", text)
        for paragraph in _PARAGRAPHS.split(text):
            if paragraph.strip():
                yield Section(heading, (paragraph.strip(),))

    def _note_attachment(self, part: Message) -> None:
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and len(data) <= TEST_VIRUS_BYTES and data.startswith(TEST_VIRUS):
            raise UnreadableError("malware")
        name = decode_words(str(part.get_filename() or ""))
        # Pictures within the text are no files that somebody sent.
        if name and not (part.get("Content-ID") and part.get_content_maintype() == "image"):
            self._source.remarks.add(RemarkCode.EMBEDDED_FILES, name=name)


def _choose_alternative(parts: list[Any]) -> Message | None:
    """Return the plain text if there is one, else the last part that is text, which is the richest."""
    messages = [part for part in parts if isinstance(part, Message)]
    for part in messages:
        payload = part.get_payload(decode=True) if part.get_content_type() == "text/plain" else None
        if isinstance(payload, bytes) and payload.strip():
            return part
    return next(
        (part for part in reversed(messages) if part.get_content_maintype() in ("text", "multipart")), None
    )


def _read_header(message: Message, name: str) -> str:
    text = " ".join(decode_words(str(message.get(name) or "")[:HEADER_LENGTH]).split())
    if name != "Date" or not text:
        return text
    try:
        return parsedate_to_datetime(text).strftime("%Y-%m-%d %H:%M")
    except (ValueError, TypeError, IndexError, OverflowError):
        return text


def decode_words(text: str) -> str:
    """Return a header with its encoded words ("=?utf-8?q?…?=") decoded; raw bytes are told by their looks."""
    parts: list[str] = []
    try:
        words = decode_header(text)
    except ValueError:
        return text
    for data, charset in words:
        if isinstance(data, str):
            data, charset = data.encode("utf-8", "surrogateescape"), None
        elif charset is None:
            data = data.decode("latin-1").encode("utf-8", "surrogateescape") if data.isascii() else data
        parts.append(decode_bytes(data, resolve_label(charset or "")))
    return "".join(parts)
