"""Turning search text into tsqueries, from strict to loose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from marketplace.search.tokens import (
    STOP_GRAMS,
    STOP_WORDS,
    Segment,
    split_bigrams,
    split_pairs,
    split_segments,
)
from marketplace.search.tsvector import NAME_MARK, quote_lexeme

MAX_TEXT_LENGTH = 200
MAX_SEGMENTS = 12
MIN_PREFIX_LENGTH = 3
# Words of one search that are weighed one by one (fusion.py); pairs of Chinese characters count as words.
MAX_TERMS = 16


@dataclass(frozen=True)
class Expression:
    """tsqueries: ``every`` needs all words, ``some`` any of them, ``named`` all of them in the name.

    ``terms`` are those of each word: anywhere, and in the name.
    """

    every: str
    some: str
    named: str
    words: tuple[str, ...]
    terms: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.every)


def _select_segments(text: str) -> list[Segment]:
    found = split_segments(text[:MAX_TEXT_LENGTH])[:MAX_SEGMENTS]
    kept = [segment for segment in found if segment.text not in STOP_WORDS and segment.text not in STOP_GRAMS]
    return kept or found


def build_expression(text: str, *, is_typing: bool = False) -> Expression:
    """Build the tsqueries of ``text``. One database query for the English stems, if it has Latin words.

    With ``is_typing`` the last word may be a prefix.
    """
    wanted = _select_segments(text)
    stems = list_english_stems([segment.text for segment in wanted if not segment.is_han])
    every: list[str] = []
    some: list[str] = []
    named: list[str] = []
    terms: list[tuple[str, str]] = []
    for number, segment in enumerate(wanted, start=1):
        if segment.is_han:
            bigrams = split_bigrams(segment.text)
            every += [quote_lexeme(gram) for gram in split_pairs(segment.text)]
            some += [quote_lexeme(gram) for gram in bigrams]
            terms += [(quote_lexeme(gram), quote_lexeme(NAME_MARK + gram)) for gram in bigrams]
            named += [quote_lexeme(NAME_MARK + gram) for gram in split_pairs(segment.text)]
            continue
        is_prefix = is_typing and number == len(wanted) and len(segment.text) >= MIN_PREFIX_LENGTH
        forms = dict.fromkeys([segment.text, *stems.get(segment.text, ())])
        either = " | ".join(quote_lexeme(form) for form in forms) + (
            f" | {quote_lexeme(segment.text)}:*" if is_prefix else ""
        )
        every.append(f"({either})")
        some.append(f"({either})")
        name_forms = [quote_lexeme(NAME_MARK + form) for form in forms]
        name_forms += [f"{quote_lexeme(NAME_MARK + segment.text)}:*"] if is_prefix else []
        named.append(f"({' | '.join(name_forms)})")
        terms.append((either, " | ".join(name_forms)))
    return Expression(
        every=" & ".join(every),
        some=" | ".join(some),
        named=" & ".join(named),
        words=tuple(segment.text for segment in wanted if not segment.is_han),
        terms=tuple(dict.fromkeys(terms))[:MAX_TERMS],
    )


def build_name_query(text: str) -> str:
    """Build the tsquery for names that contain a word of ``text`` as written. Needs no database query."""
    tokens = [
        token
        for segment in _select_segments(text)
        for token in (split_bigrams(segment.text) if segment.is_han else [segment.text])
    ]
    return " | ".join(quote_lexeme(NAME_MARK + token) for token in dict.fromkeys(tokens))


def build_typed_name_query(text: str, *, meant: Mapping[str, Sequence[str]] | None = None) -> str:
    """Build the tsquery for names that have all words of a text that is being typed.

    The last word may be the beginning of one. ``meant`` has other spellings of words, any of which may occur
    instead. Needs no database query.
    """
    segments = _select_segments(text)
    every: list[str] = []
    for number, segment in enumerate(segments, start=1):
        if segment.is_han:
            every += [quote_lexeme(NAME_MARK + pair) for pair in split_pairs(segment.text)]
            continue
        forms = dict.fromkeys([segment.text, *(meant or {}).get(segment.text, ())])
        ending = ":*" if number == len(segments) else ""
        every.append("(" + " | ".join(quote_lexeme(NAME_MARK + form) + ending for form in forms) + ")")
    return " & ".join(every)


def list_typed_words(text: str) -> list[str]:
    """Return the words that ``build_typed_name_query`` looks for, without Chinese."""
    return [segment.text for segment in _select_segments(text) if not segment.is_han]


def list_english_stems(found: list[str]) -> dict[str, list[str]]:
    """Return the stems of each word by PostgreSQL's English dictionary; stop words have none."""
    if not found:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, ts_lexize('english_stem', word) FROM unnest(%s::text[]) AS word", [found]
        )
        return {word: stems or [] for word, stems in cursor.fetchall()}
