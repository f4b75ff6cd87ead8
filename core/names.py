"""Comparing names with protected ones: equal, looking alike, containing. Pure functions."""

from __future__ import annotations

import unicodedata

from core.text import skeleton

# Shorter names occur inside too many ordinary words.
MIN_INSIDE = 5
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
    if len(mark) < MIN_INSIDE and mark.isascii():
        return ""
    return "contains_mark" if is_written_so else "look_alike"


def strip_symbols(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def has_mixed_scripts(text: str) -> bool:
    """Return whether one word mixes scripts with look-alike letters. Chinese beside Latin is ordinary."""
    for word in text.split():
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
        if len(scripts & set(_LOOK_ALIKE_SCRIPTS)) > 1:
            return True
    return False
