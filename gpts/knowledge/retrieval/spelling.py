"""The known word that a mistyped one is nearest to. Pure."""

from __future__ import annotations

import string
from collections.abc import Iterable

MIN_LENGTH = 4
# From this length on two slips are forgiven, below only one.
TWO_EDITS_LENGTH = 8


def list_similar_shapes(word: str) -> list[tuple[str, int]]:
    """Return the (first letter, length) of words that may be meant; the first two may be swapped."""
    slips = 2 if len(word) >= TWO_EDITS_LENGTH else 1
    letters = dict.fromkeys((word[0], word[1]))
    return [
        (letter, length)
        for letter in letters
        for length in range(max(MIN_LENGTH, len(word) - slips), len(word) + slips + 1)
    ]


def find_nearest_word(word: str, known: Iterable[str]) -> str | None:
    """Return the word of ``known`` with the fewest slips from ``word``, or None when all are too far.

    A slip is a letter too many, one missing, one changed, or two neighbours swapped. Of equally near words
    the one with the same beginning is taken.
    """
    words = set(known)
    close = _list_single_edits(word) & words
    if not close and len(word) >= TWO_EDITS_LENGTH:
        mask = _build_letter_mask(word)
        near = (other for other in words if (_build_letter_mask(other) ^ mask).bit_count() <= 4)
        close = {other for other in near if _edit_distance(word, other, 2) <= 2}
    return min(close, key=lambda other: (-_count_common_prefix(word, other), other), default=None)


def _list_single_edits(word: str) -> set[str]:
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    dropped = {left + right[1:] for left, right in cuts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    changed = {left + c + right[1:] for left, right in cuts if right for c in string.ascii_lowercase}
    added = {left + c + right for left, right in cuts for c in string.ascii_lowercase}
    return (dropped | swapped | changed | added) - {word}


def _build_letter_mask(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 31)
    return mask


def _count_common_prefix(word: str, other: str) -> int:
    for place, (one, two) in enumerate(zip(word, other, strict=False)):
        if one != two:
            return place
    return min(len(word), len(other))


def _edit_distance(word: str, other: str, limit: int) -> int:
    """Return the distance (optimal string alignment), or more than ``limit`` as soon as that is sure."""
    if abs(len(word) - len(other)) > limit:
        return limit + 1
    older: list[int] = []
    before = list(range(len(other) + 1))
    for i, one in enumerate(word, 1):
        row = [i]
        for j, two in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (one != two))
            if i > 1 and j > 1 and one == other[j - 2] and word[i - 2] == two:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        older, before = before, row
    return before[-1]
