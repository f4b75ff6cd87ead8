"""The order of a search's candidates: by words alone, or by meaning and words together.

The constants were chosen on the odd half of tests/marketplace/demo_queries.txt and on tuning_queries.txt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median

# Products of a search's vector and listings' below these have nothing to do with each other.
FLOOR, CHINESE_FLOOR = 0.503, 0.522
# Listings whose scores are farther than this behind the best are no results, unless they have all words.
MARGIN = 0.03
# How far behind the nearest a listing may be whose words and popularity are looked at: MARGIN, and as much as
# both can add. MAX_COMPARED bounds what PostgreSQL reads.
COMPARED_MARGIN = 0.1
MAX_COMPARED = 100

# What all words of a search are worth beside the product of vectors, of which results differ by 0.01 to 0.05.
WORDS_WEIGHT = 0.04
# How much a word counts that the listing has, but not in its name.
TEXT_SHARE = 0.7
# Between listings that are equally near, those that more people use come first.
POPULARITY_WEIGHT = 0.02


@dataclass(frozen=True)
class Candidate:
    """A listing that may be a result. ``relevance`` is that of its words, None where it was only near.

    Bit n of ``words`` says that it has word n of the search, of ``names`` that its name has.
    """

    id: int
    popularity: float
    relevance: float | None
    is_exact: bool
    words: int
    names: int


def order_by_words(candidates: Sequence[Candidate]) -> list[int]:
    """Return the ids of the candidates that have the words, best first."""
    found = [candidate for candidate in candidates if candidate.relevance is not None]
    return [one.id for one in sorted(found, key=lambda one: (one.relevance, one.id), reverse=True)]


def order_by_meaning_and_words(
    candidates: Sequence[Candidate],
    products: Mapping[int, float],
    *,
    word_count: int,
    floor: float,
    kept: Container[int] = (),
) -> list[int]:
    """Return the ids of the candidates, best first; those far behind the best only if they are in ``kept``.

    ``products`` are those of their vectors; a listing without a vector yet is taken for as near as the middle
    of the others. Below ``floor`` they count only with a word of the search. ``word_count`` is how many words
    the bits of the candidates stand for.
    """
    usual = median(products.values()) if products else 0.0
    weights = _weigh_words(candidates, word_count)
    shares: dict[tuple[int, int, bool], float] = {}
    scores: dict[int, float] = {}
    for one in candidates:
        alike = (one.words, one.names, one.relevance is not None)
        if alike not in shares:
            shares[alike] = _get_share(one, weights)
        scores[one.id] = (
            products.get(one.id, usual)
            + WORDS_WEIGHT * shares[alike]
            + POPULARITY_WEIGHT * one.popularity / 100
        )
    lowest = max(scores.values(), default=0.0) - MARGIN
    chosen = [
        one
        for one in candidates
        if (scores[one.id] >= lowest and (one.words or products.get(one.id, usual) >= floor))
        or one.is_exact
        or one.id in kept
    ]
    chosen.sort(key=lambda one: (one.is_exact, scores[one.id], one.id), reverse=True)
    return [one.id for one in chosen]


def _weigh_words(candidates: Sequence[Candidate], word_count: int) -> list[float]:
    """Return a weight for each word: the fewer candidates have it, the more it says about those."""
    # Many candidates have the same words.
    alike = Counter(one.words for one in candidates)
    counts = [sum(count for words, count in alike.items() if words >> word & 1) for word in range(word_count)]
    return [log((len(candidates) + 1) / (count + 0.5)) for count in counts]


def _get_share(one: Candidate, weights: Sequence[float]) -> float:
    """Return which part of the words a candidate has, 0 to 1."""
    total = sum(weights)
    if total <= 0:
        return 1.0 if one.relevance is not None else 0.0
    share = sum(
        weight * (1.0 if one.names >> word & 1 else TEXT_SHARE)
        for word, weight in enumerate(weights)
        if one.words >> word & 1
    )
    return share / total
