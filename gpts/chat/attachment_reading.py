"""The text of an attached document, by the same readers as knowledge."""

from __future__ import annotations

from contextlib import closing

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.knowledge.extraction import UnreadableError, get_media_type, iter_sections

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
    "lost": _("The file is not there any more. Add it again."),
}


def failure_words(code: str) -> str:
    """Return what became of a file, for its chip; a code that nobody foresaw has a plain sentence."""
    return str(FAILURES.get(code) or _("This file could not be read.")) if code else ""


def check_readable(name: str) -> str:
    """Return the media type that the name's end stands for; InvalidInput (field ``file``) for others."""
    try:
        return get_media_type(name)
    except UnreadableError as problem:
        raise InvalidInput(FAILURES["unknown_type"], code="file_unknown_type", field="file") from problem


def read_text(name: str, data: bytes, *, at_most: int) -> str:
    """Return the text with each new heading as a line of its own behind "# ".

    Raises UnreadableError, with ``too_much_text`` as soon as the text is longer than ``at_most``: what comes
    of a hostile file is never held whole.
    """
    parts: list[str] = []
    size, heading = 0, ""
    with closing(iter_sections(name, data)) as sections:
        for section in sections:
            said = list(section.paragraphs)
            if section.heading and section.heading != heading:
                said.insert(0, f"# {' '.join(section.heading.split())}")
            heading = section.heading
            size += sum(len(part) + 2 for part in said)
            if size > at_most + 2:
                raise UnreadableError("too_much_text")
            parts += said
    return "\n\n".join(parts)
