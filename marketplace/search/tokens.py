"""How text becomes tokens: Latin words as they stand, Chinese as single and paired characters."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Letters and digits of scripts with word spaces; "c++", "c#" and "f#" are words.
_WORD = r"[^\W_㐀-䶿一-鿿豈-﫿぀-ヿ\U00020000-\U0003ffff]+(?:\+\+|#(?!\w))?"
_HAN = r"[㐀-䶿一-鿿豈-﫿぀-ヿ\U00020000-\U0003ffff]+"
_PIECE = re.compile(f"(?P<han>{_HAN})|(?P<word>{_WORD})")
LONGEST_WORD = 40
# Words that almost every text has; left out of queries unless nothing else was typed.
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "for",
        "from",
        "how",
        "i",
        "in",
        "is",
        "it",
        "me",
        "my",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "with",
        "you",
        "your",
    ]
)
STOP_GRAMS = frozenset("的了是在和与我你帮一个把吗请用".strip())


@dataclass(frozen=True)
class Piece:
    """A word, or a run of Chinese characters."""

    text: str
    is_han: bool


def pieces(text: str) -> list[Piece]:
    """Split ``text`` into words and Chinese runs, width and case folded, in their order."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [
        Piece(
            match.group()[:LONGEST_WORD] if match.lastgroup == "word" else match.group(),
            match.lastgroup == "han",
        )
        for match in _PIECE.finditer(folded)
    ]


def grams(run: str) -> list[str]:
    """Return the overlapping pairs of a Chinese run; a lone character stands for itself."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def cover(run: str) -> list[str]:
    """Return pairs that cover a run without overlap, for a query that must not depend on word borders."""
    return [run[i : i + 2] for i in range(0, len(run), 2)]


def index_tokens(text: str) -> list[str]:
    """Return everything under which ``text`` can be found: words, Chinese characters and pairs."""
    tokens: list[str] = []
    for piece in pieces(text):
        if not piece.is_han:
            tokens.append(piece.text)
            continue
        tokens.extend(piece.text)
        if len(piece.text) > 1:
            tokens.extend(grams(piece.text))
    return tokens


def words(text: str) -> list[str]:
    """Return the Latin words of ``text``: what the English stemmer may see."""
    return [piece.text for piece in pieces(text) if not piece.is_han]


def languages_of(text: str) -> list[str]:
    """Guess the languages that ``text`` is written in, of those that the store knows."""
    found = pieces(text)
    han = sum(len(piece.text) for piece in found if piece.is_han)
    latin = sum(1 for piece in found if not piece.is_han and not piece.text.isdigit())
    languages = []
    if latin >= 3 and latin * 4 >= han:
        languages.append("en")
    if han >= 2:
        languages.append("zh-hans")
    return languages or ["en"]
