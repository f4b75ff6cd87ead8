"""Spelling correction: the nearest words that listings in the store use."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.search.tokens import list_latin_words
from marketplace.search.tsvector import Searchable

MIN_WORD_LENGTH = 4
MAX_BEGINNINGS = 8


def build_trigrams(term: str) -> list[str]:
    """Return the distinct trigrams of a word, padded with spaces."""
    padded = f"  {term} "
    return sorted({padded[i : i + 3] for i in range(len(padded) - 2)})


def get_terms(searchable: Searchable) -> set[str]:
    """Return the words of a listing that are long enough for spelling correction."""
    return {
        word for text in searchable.texts for word in list_latin_words(text) if len(word) >= MIN_WORD_LENGTH
    }


def count_edits(first: str, second: str, *, limit: int) -> int:
    """Return the Damerau-Levenshtein distance (optimal string alignment), ``limit`` + 1 when larger."""
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    previous: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        older, previous, row = previous, row, [i] + [0] * len(second)
        for j, b in enumerate(second, start=1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row[j] = cost
        if min(row) > limit:
            return limit + 1
    return row[-1]


def find_nearest(word: str, candidates: Iterable[tuple[str, int]]) -> str | None:
    """Return the best correction of ``word``: fewest edits, then the same first letter, then the most used.

    ``candidates`` are (term, number of listings). Words of up to six letters may have one edit, longer ones
    two.
    """
    limit = 1 if len(word) <= 6 else 2
    best: tuple[int, bool, int, str] | None = None
    for term, count in candidates:
        edits = count_edits(word, term, limit=limit)
        if edits > limit:
            continue
        key = (edits, term[:1] != word[:1], -count, term)
        if best is None or key < best:
            best = key
    return best[3] if best else None


def list_nearest_beginnings(
    word: str, candidates: Iterable[tuple[str, int]], *, is_whole: bool = False
) -> list[str]:
    """Return beginnings of ``candidates`` with at most one edit to ``word``, those with fewer first.

    Of each candidate it is the longest of the nearest ones: "lettr" means "letter", not "lett". With
    ``is_whole`` only whole words count. ``candidates`` are (term, number of listings).
    """
    found: dict[str, tuple[int, bool, int, str]] = {}
    for term, count in candidates:
        lengths = [len(term)] if is_whole else range(len(word) + 1, len(word) - 2, -1)
        edits, beginning = min(
            ((count_edits(word, term[:length], limit=1), term[:length]) for length in lengths),
            key=lambda one: one[0],
        )
        if edits > 1:
            continue
        key = (edits, beginning[:1] != word[:1], -count, beginning)
        found[beginning] = min(key, found.get(beginning, key))
    return sorted(found, key=lambda beginning: found[beginning])[:MAX_BEGINNINGS]
