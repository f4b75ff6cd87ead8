"""Extract the text of an attached document, with the extraction of knowledge files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.knowledge.extraction import Limits, Remark, UnreadableError, get_media_type, iter_sections
from gpts.knowledge.failure_messages import describe_advice
from gpts.knowledge.services import reading
from gpts.knowledge.text_recognition import find_engine, find_missing_languages

# A person waits for it before they can send. CPU seconds; a small file gets less.
READING_SECONDS = 60
# Scanned pages whose text is recognised.
RECOGNISED_PAGES = 10
FAILURES = {
    "unknown_type": _("Files of this type cannot be read."),
    "binary": _("This is not a text file, whatever its name says."),
    "encoding": _("The letters of this file cannot be told. Save it as UTF-8 and add it again."),
    "malformed": _("This file is damaged: its structure cannot be read."),
    "empty": _("There is no text in this file."),
    "encrypted": _("This file is locked by a password. Save it without one and add it again."),
    "too_much_text": _("There is too much text in this file for a chat. Split it and add the part you need."),
    "too_large": _("This file unpacks to more than can be read. Split it and add the part you need."),
    "timeout": _("Reading this file took too long. Split it and add the part you need."),
    "access_ended": _("You left the workspace of this chat before the file was read."),
    "too_complex": _("Reading this file needs too much memory. Split it and add the parts."),
    "bomb": _("This file unpacks to far more than its size. Save it anew, without embedded archives."),
    "lost": _("The file is not there any more. Add it again."),
}


def describe_failure(code: str) -> str:
    """Return the sentence for a failure code; unknown codes get a general one, no code an empty text."""
    if not code:
        return ""
    return str(FAILURES.get(code) or describe_advice(code) or _("This file could not be read."))


def get_readable_media_type(name: str) -> str:
    """Return the media type for a file name's extension; InvalidInput (field ``file``) if unsupported."""
    try:
        return get_media_type(name)
    except UnreadableError as problem:
        message = describe_failure(problem.code)
        raise InvalidInput(message, code=f"file_{problem.code}", field="file") from problem


def get_limits() -> Limits:
    """Return the limits of knowledge files, with less time."""
    return replace(reading.get_limits(), seconds=min(READING_SECONDS, settings.EXTRACTION_SECONDS))


def read_text(
    name: str,
    data: bytes,
    *,
    limits: Limits,
    max_characters: int,
    take_remark: Callable[[Remark], None],
) -> str:
    """Return the text, with each new heading as a paragraph that begins with "# ".

    ``take_remark`` gets what was left out.
    Raises UnreadableError; ``too_much_text`` as soon as the text exceeds ``max_characters``, so that the text
    of a hostile file is never in memory as a whole.
    """
    parts: list[str] = []
    size, heading = 0, ""
    engine = find_engine(max_pages=RECOGNISED_PAGES, max_seconds=READING_SECONDS)
    remarks: list[Remark] = []

    def note(remark: Remark) -> None:
        remarks.append(remark)
        take_remark(remark)

    found = iter_sections(name, data, limits=limits, take_remark=note, engine=engine)
    with closing(found) as sections:
        for section in sections:
            paragraphs = list(section.paragraphs)
            if section.heading and section.heading != heading:
                paragraphs.insert(0, f"# {' '.join(section.heading.split())}")
            heading = section.heading
            size += sum(len(part) + 2 for part in paragraphs)
            if size > max_characters + 2:
                raise UnreadableError("too_much_text")
            parts += paragraphs
    missing = find_missing_languages(remarks)
    if missing is not None:
        take_remark(missing)
    return "\n\n".join(parts)
