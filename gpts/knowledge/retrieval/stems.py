"""Stems of words (Snowball), by the script that a word is written in. Pure."""

from __future__ import annotations

import re
import threading
from functools import lru_cache

import snowballstemmer

# One language for each script: forms of its words become one. Words of other languages in the same script
# are cut by the same rules in the text and in the question, and find each other.
_LANGUAGES = {
    "english": re.compile("[a-z]+"),
    "russian": re.compile("[\u0400-\u04ff]+"),
    "greek": re.compile("[\u0370-\u03ff]+"),
    "arabic": re.compile("[\u0620-\u06ff]+"),
    "hindi": re.compile("[\u0900-\u097f]+"),
    "tamil": re.compile("[\u0b80-\u0bff]+"),
    "armenian": re.compile("[\u0530-\u058f]+"),
}
_ARABIC = re.compile("[\u0620-\u06ff]")

# A stemmer is not thread-safe: it keeps the current word in an attribute.
_lock = threading.Lock()
_stemmers = {language: snowballstemmer.stemmer(language) for language in _LANGUAGES}


@lru_cache(maxsize=60_000)
def stem(word: str) -> str:
    """Return the stem of a folded lower-case word; the word itself if its script has no stemmer."""
    if len(word) < 3:
        return word
    if word.isascii():
        return _stem_by("english", word) if word.isalpha() else word
    for language, pattern in _LANGUAGES.items():
        if pattern.fullmatch(word):
            return _stem_by(language, word) or word
    return word


def may_begin_otherwise(stemmed: str) -> bool:
    """Whether words with this stem may begin with other letters: Arabic articles are cut off."""
    return _ARABIC.match(stemmed) is not None


def _stem_by(language: str, word: str) -> str:
    with _lock:
        return str(_stemmers[language].stemWord(word))
