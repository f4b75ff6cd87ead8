"""Spelling correction: the known word nearest to a misspelled one. Pure."""

from __future__ import annotations

import string
from collections.abc import Iterable

MIN_LENGTH = 4
# Words of this length or longer may differ by two edits, shorter ones by one.
TWO_EDITS_LENGTH = 8


def list_similar_shapes(word: str) -> list[tuple[str, int]]:
    """Return (first letter, length) of the words in reach; the first two letters may be swapped."""
    edits = 2 if len(word) >= TWO_EDITS_LENGTH else 1
    letters = dict.fromkeys((word[0], word[1]))
    return [
        (letter, length)
        for letter in letters
        for length in range(max(MIN_LENGTH, len(word) - edits), len(word) + edits + 1)
    ]


def find_nearest_word(word: str, known: Iterable[str]) -> str | None:
    """Return the word of ``known`` at the smallest edit distance from ``word``; None when all are too far.

    An edit inserts, deletes or changes a letter, or swaps two neighbours. Of equally near words the one with
    the longest common prefix is returned.
    """
    words = set(known)
    close = _list_single_edits(word) & words
    if not close and len(word) >= TWO_EDITS_LENGTH:
        mask = _build_letter_mask(word)
        near = (other for other in words if (_build_letter_mask(other) ^ mask).bit_count() <= 4)
        close = {other for other in near if _edit_distance(word, other, 2) <= 2}
    return min(close, key=lambda other: (-_count_common_prefix(word, other), other), default=None)


def _list_single_edits(word: str) -> set[str]:
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
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
    for at, (one, two) in enumerate(zip(word, other, strict=False)):
        if one != two:
            return at
    return min(len(word), len(other))


def _edit_distance(word: str, other: str, limit: int) -> int:
    """Return the optimal string alignment distance, or any number above ``limit`` when it is larger."""
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
