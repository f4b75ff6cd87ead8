"""Tokenising text: Latin words as written, Chinese as single characters and bigrams."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Letters and digits of scripts that separate words by spaces; "c++", "c#" and "f#" are words.
_WORD = r"[^\W_㐀-䶿一-鿿豈-﫿぀-ヿ\U00020000-\U0003ffff]+(?:\+\+|#(?!\w))?"
_HAN = r"[㐀-䶿一-鿿豈-﫿぀-ヿ\U00020000-\U0003ffff]+"
_SEGMENT = re.compile(f"(?P<han>{_HAN})|(?P<word>{_WORD})")
MAX_WORD_LENGTH = 40
# Words of almost every text, left out of queries that have other words.
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
class Segment:
    """A word, or a run of Chinese characters."""

    text: str
    is_han: bool


def split_segments(text: str) -> list[Segment]:
    """Split ``text`` into words and Chinese runs, with width and case folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [
        Segment(
            match.group()[:MAX_WORD_LENGTH] if match.lastgroup == "word" else match.group(),
            match.lastgroup == "han",
        )
        for match in _SEGMENT.finditer(folded)
    ]


def split_bigrams(run: str) -> list[str]:
    """Return the overlapping bigrams of a Chinese run; a single character is returned as it is."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def split_pairs(run: str) -> list[str]:
    """Return non-overlapping pairs of a Chinese run, for queries that do not depend on word boundaries."""
    return [run[i : i + 2] for i in range(0, len(run), 2)]


def list_index_tokens(text: str) -> list[str]:
    """Return the tokens under which ``text`` is indexed: words, Chinese characters and bigrams."""
    tokens: list[str] = []
    for segment in split_segments(text):
        if not segment.is_han:
            tokens.append(segment.text)
            continue
        tokens.extend(segment.text)
        if len(segment.text) > 1:
            tokens.extend(split_bigrams(segment.text))
    return tokens


def list_latin_words(text: str) -> list[str]:
    """Return the words of ``text`` without Chinese, for the English stemmer."""
    return [segment.text for segment in split_segments(text) if not segment.is_han]


def detect_languages(text: str) -> list[str]:
    """Guess in which of the store's languages ``text`` is written."""
    found = split_segments(text)
    han = sum(len(segment.text) for segment in found if segment.is_han)
    latin = sum(1 for segment in found if not segment.is_han and not segment.text.isdigit())
    languages = []
    if latin >= 3 and latin * 4 >= han:
        languages.append("en")
    if han >= 2:
        languages.append("zh-hans")
    return languages or ["en"]
