"""What was typed, as a tsquery: strict at first, looser when that finds too little."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from marketplace.search.tokens import STOP_GRAMS, STOP_WORDS, Piece, cover, grams, pieces
from marketplace.search.vectors import NAME_MARK, quote

LONGEST_TEXT = 200
MOST_PIECES = 12
SHORTEST_PREFIX = 3


@dataclass(frozen=True)
class Expression:
    """``every`` needs all that was typed, ``some`` any part of it, ``named`` all of it in the name."""

    every: str
    some: str
    named: str
    words: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.every)


def _wanted(text: str) -> list[Piece]:
    found = pieces(text[:LONGEST_TEXT])[:MOST_PIECES]
    kept = [piece for piece in found if piece.text not in STOP_WORDS and piece.text not in STOP_GRAMS]
    return kept or found


def parse(text: str, *, is_typing: bool = False) -> Expression:
    """Turn ``text`` into tsquery texts. One query to the database, for the English stems, if it has words.

    With ``is_typing`` the last word may be the beginning of one.
    """
    wanted = _wanted(text)
    stems = english_stems([piece.text for piece in wanted if not piece.is_han])
    every: list[str] = []
    some: list[str] = []
    named: list[str] = []
    for number, piece in enumerate(wanted, start=1):
        if piece.is_han:
            every += [quote(gram) for gram in cover(piece.text)]
            some += [quote(gram) for gram in grams(piece.text)]
            named += [quote(NAME_MARK + gram) for gram in cover(piece.text)]
            continue
        may_grow = is_typing and number == len(wanted) and len(piece.text) >= SHORTEST_PREFIX
        forms = dict.fromkeys([piece.text, *stems.get(piece.text, ())])
        either = " | ".join(quote(form) for form in forms) + (f" | {quote(piece.text)}:*" if may_grow else "")
        every.append(f"({either})")
        some.append(f"({either})")
        in_name = [quote(NAME_MARK + form) for form in forms]
        in_name += [f"{quote(NAME_MARK + piece.text)}:*"] if may_grow else []
        named.append(f"({' | '.join(in_name)})")
    return Expression(
        every=" & ".join(every),
        some=" | ".join(some),
        named=" & ".join(named),
        words=tuple(piece.text for piece in wanted if not piece.is_han),
    )


def named_words(text: str) -> str:
    """Return the tsquery of names that have a word of ``text`` as it is written; no query is needed."""
    tokens = [
        token for piece in _wanted(text) for token in (grams(piece.text) if piece.is_han else [piece.text])
    ]
    return " | ".join(quote(NAME_MARK + token) for token in dict.fromkeys(tokens))


def english_stems(found: list[str]) -> dict[str, list[str]]:
    """Return the stems of each word by PostgreSQL's own English dictionary; stop words have none."""
    if not found:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, ts_lexize('english_stem', word) FROM unnest(%s::text[]) AS word", [found]
        )
        return {word: stems or [] for word, stems in cursor.fetchall()}
