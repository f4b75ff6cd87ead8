"""Stored texts in the reader's language: a text made from known messages is recognised and made anew.

A notification is stored as it was sent. Its kind names the messages that it may be of; the stored text is
matched with them in each language of the site, and the values go into the message of the active language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

from core.look.formats import join_sentences

# No message of ours is longer. The time to match grows with the length to the power of the values.
LONGEST = 600
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")
_NUMBER = re.compile(r"%\((\w+)\)d")


@dataclass(frozen=True)
class Phrase:
    """Messages that stand one after the other, by their English texts, and what their values are.

    A pair is a message with its plural; its number is the value ``count``. A value that is a text of ours has
    its phrases in ``values``, or a function that returns it in the active language.
    """

    messages: tuple[str | tuple[str, str], ...]
    values: Mapping[str, tuple[Phrase, ...] | Callable[[str], str]] = field(default_factory=dict)


def retell(text: str, phrases: Iterable[Phrase]) -> str:
    """Return ``text`` in the active language, or unchanged if it is none of ``phrases`` in any language."""
    if len(text) > LONGEST:
        return text
    for phrase in phrases:
        for form in _list_forms(phrase):
            if match := _compile(form).fullmatch(text):
                return _render(phrase, match.groupdict())
    return text


def retell_paragraphs(text: str, phrases: tuple[Phrase, ...]) -> str:
    """Return ``text`` with each paragraph that is one of ``phrases`` in the active language."""
    return "\n\n".join(retell(paragraph, phrases) for paragraph in text.split("\n\n"))


def retell_label(labels: Iterable[str | Promise]) -> Callable[[str], str]:
    """Return a function for ``Phrase.values`` that finds a value among translated labels."""

    def find(value: str) -> str:
        for label in labels:
            for language, _name in settings.LANGUAGES:
                with translation.override(language):
                    is_found = str(label) == value
                if is_found:
                    return str(label)
        return value

    return find


def _list_forms(phrase: Phrase) -> Iterator[str]:
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            versions = [[_get(message, number) for message in phrase.messages] for number in (1, 2)]
            forms = {join(version) for version in versions for join in (join_sentences, " ".join)}
        yield from sorted(forms)


def _get(message: str | tuple[str, str], number: int) -> str:
    return gettext(message) if isinstance(message, str) else ngettext(*message, number)


def _render(phrase: Phrase, found: Mapping[str, str]) -> str:
    values = {}
    for name, value in found.items():
        known = phrase.values.get(name, ())
        values[name] = known(value) if callable(known) else retell(value, known)
    number = int(re.sub(r"\D", "", found.get("count", "")) or 0)
    form = join_sentences(_get(message, number) for message in phrase.messages)
    return _NUMBER.sub(r"%(\1)s", form) % values


@lru_cache(maxsize=400)
def _compile(form: str) -> re.Pattern[str]:
    """Return a pattern that reads the values out of a formatted message."""
    parts, at, seen = [], 0, set()
    for match in _PLACEHOLDER.finditer(form):
        parts.append(re.escape(form[at : match.start()]))
        name = match[1]
        if name is None:
            parts.append("%")
        elif name in seen:
            parts.append(f"(?P={name})")
        else:
            seen.add(name)
            parts.append(f"(?P<{name}>.+?)")
        at = match.end()
    return re.compile("".join([*parts, re.escape(form[at:])]), re.DOTALL)
