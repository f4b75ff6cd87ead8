"""Numbers, codes and phone numbers that are written with and without separators. Pure.

The index has their parts as terms, and one more term for the whole without its separators, so that 1685 finds
1,685 and 1 685, a1134 finds A-113/4, and email finds e-mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Digits of a phone number that are the same with and without country and area code.
PHONE_TAIL = 7
TAIL_MARK = "~"
_LONGEST = 40

_FIND = re.compile(
    # 1,685 and 1.685.000,50, 1'685 and 1 685, 1,68,500 (India).
    r"(?<![\d.,])(?P<number>\d{1,3}(?:(?P<sep>[,.'])\d{3}(?:(?P=sep)\d{3})*|(?:,\d{2})+,\d{3}"
    r"|(?P<space>[ ])\d{3}(?: \d{3})*))(?![\d]|[,.']\d{3}(?!\d))"
    # +49 30 1234567, (030) 123-4567, 0049/30/1234567.
    r"|(?<![\w])(?P<phone>(?:\+|\(\+?|00?)\d[\d ()/.\-]{4,22}\d)(?!\w)"
    # DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111.
    r"|(?<![\w])(?P<groups>(?=[A-Z]{0,3}\d)[A-Z0-9]{4}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?!\w)"
    # A-113/4, v1.2.3, 2024-05-17, e-mail.
    r"|(?<![A-Za-z0-9])(?P<code>[A-Za-z0-9]{1,20}(?:[-/_.][A-Za-z0-9]{1,20}){1,5})(?![A-Za-z0-9])",
    re.ASCII,
)
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_ACRONYM = re.compile(r"(?<![A-Za-z.])(?:[A-Z]\.){2,}")
_PHONE_ZERO = re.compile(r"\(0\)")
_MAY_HAVE = re.compile(r"\d|(?<![A-Za-z])[A-Za-z]{1,2}-|-[A-Za-z]{1,2}(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Compound:
    """A written whole: its terms, its place in the text, and whether the terms stand for its parts too."""

    terms: tuple[str, ...]
    start: int
    end: int
    replaces_parts: bool = False


def join_acronyms(text: str) -> str:
    """Return ``text`` with U.S. as US."""
    return _ACRONYM.sub(lambda found: found[0].replace(".", "") + " ", text) if "." in text else text


def iter_compounds(text: str) -> Iterator[Compound]:
    """Yield the compounds of a normalised text, in order."""
    if not _MAY_HAVE.search(text):
        return
    for match in _FIND.finditer(text):
        written, kind = match[0], match.lastgroup
        if match["number"]:
            yield Compound((_join(written),), *match.span(), replaces_parts=match["space"] is None)
        elif match["phone"]:
            yield from _build_phone(_PHONE_ZERO.sub("", written), match)
        elif match["groups"] or (kind is not None and _is_code(written)):
            yield Compound((_join(written),), *match.span())


def get_phone_tail(word: str) -> str | None:
    """Return the term that a long number shares with other ways of writing it; None for other words."""
    if len(word) >= PHONE_TAIL and word.isascii() and word.isdigit():
        return TAIL_MARK + word[-PHONE_TAIL:]
    return None


def _build_phone(written: str, match: re.Match[str]) -> Iterator[Compound]:
    digits = _join(written)
    if len(digits) < PHONE_TAIL:
        return
    tail = get_phone_tail(digits)
    yield Compound((digits,) if tail is None else (digits, tail), *match.span())


def _join(written: str) -> str:
    return _SEPARATORS.sub("", written).lower()[:_LONGEST]


def _is_code(written: str) -> bool:
    """Letters and digits, digits joined by - or /, or letters with a part of one or two."""
    if written.replace(".", "").isdigit():
        return False
    parts = _SEPARATORS.split(written)
    if any(part[:1].isdigit() or part[-1:].isdigit() for part in parts):
        return True
    return "-" in written and len(parts) == 2 and min(map(len, parts)) <= 2
