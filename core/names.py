"""Comparing names with protected ones: equal, looking alike, containing. Pure functions."""

from __future__ import annotations

import re
import unicodedata

from core.text import skeleton

# Shorter names occur inside too many ordinary words.
MIN_INSIDE = 5
_WORD_ENDS = re.compile(r"[\W_]+")
_LOOK_ALIKE_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


def compare_names(name: str, known: str) -> str:
    """Return how ``name`` resembles ``known``, empty when it does not.

    "same_mark": the same but for case and symbols; "look_alike": written with other characters, also when it
    only contains it; "contains_mark".
    """
    mark, whole = skeleton(known), skeleton(name)
    if not mark or mark not in whole:
        return ""
    is_written_so = strip_symbols(known) in strip_symbols(name)
    if mark == whole:
        return "same_mark" if is_written_so else "look_alike"
    is_short = len(mark) < MIN_INSIDE and mark.isascii()
    if is_short or not _is_inside(name, mark):
        return ""
    return "contains_mark" if is_written_so else "look_alike"


def _is_inside(name: str, mark: str) -> bool:
    """Return whether a word of ``name`` contains the skeleton ``mark``, or some words together are it.

    Not across words: "Open Air" has all the letters of "OpenAI".
    """
    words = [skeleton(word) for word in _WORD_ENDS.split(name)]
    if any(mark in word for word in words):
        return True
    return any(
        "".join(words[start:end]) == mark
        for start in range(len(words))
        for end in range(start + 2, len(words) + 1)
    )


def strip_symbols(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def has_mixed_scripts(text: str) -> bool:
    """Return whether one word mixes scripts with look-alike letters. Chinese beside Latin is ordinary."""
    for word in text.split():
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
        if len(scripts & set(_LOOK_ALIKE_SCRIPTS)) > 1:
            return True
    return False
