"""Typing errors: the nearest words that the public store really uses."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.search.tokens import words
from marketplace.search.vectors import Searchable

SHORTEST = 4


def trigrams(term: str) -> list[str]:
    """Return the distinct three-letter pieces of a word with its ends marked."""
    padded = f"  {term} "
    return sorted({padded[i : i + 3] for i in range(len(padded) - 2)})


def terms_of(searchable: Searchable) -> set[str]:
    """Return the words of a listing that are long enough to be mistyped and mended."""
    return {word for text in searchable.texts for word in words(text) if len(word) >= SHORTEST}


def distance(first: str, second: str, *, limit: int) -> int:
    """Return the edits (with swapped neighbours as one) between two words, ``limit`` + 1 when more."""
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        older, before, row = before, row, [i] + [0] * len(second)
        for j, b in enumerate(second, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row[j] = cost
        if min(row) > limit:
            return limit + 1
    return row[-1]


def nearest(word: str, candidates: Iterable[tuple[str, int]]) -> str | None:
    """Return the candidate that ``word`` most likely meant: fewest edits, then the most used.

    ``candidates`` are (term, number of listings). Words of four to six letters may have one edit,
    longer ones two; the first letter counts as typed right when several are equally near.
    """
    limit = 1 if len(word) <= 6 else 2
    best: tuple[int, bool, int, str] | None = None
    for term, count in candidates:
        edits = distance(word, term, limit=limit)
        if edits > limit:
            continue
        key = (edits, term[:1] != word[:1], -count, term)
        if best is None or key < best:
            best = key
    return best[3] if best else None
