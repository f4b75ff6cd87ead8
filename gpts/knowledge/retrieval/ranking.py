"""Ranking of passages: BM25 over packed postings, then the proximity of the question's terms. Pure.

``score`` is 0-1: the share of the total weight of the question's terms that a passage has. A term's weight is
its rarity in the GPT's own documents (idf): a product's name that occurs everywhere decides nothing. A
passage with a term gets a base share of its weight and more for more occurrences in a shorter passage (BM25).
Terms that occur nowhere lower the score of every passage, with less weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gpts.knowledge.retrieval.postings import Postings
from gpts.knowledge.retrieval.terms import get_kind_weight, is_cjk, locate_terms

K1 = 1.2
LENGTH_SHARE = 0.5
# Base share of a term's weight; the rest grows with the number of occurrences.
BASE_SHARE = 0.55
ABSENT_WEIGHT = 0.45
# An absent pair of characters is often no word but two halves of neighbouring words.
ABSENT_CJK_WEIGHT = 0.15
PROXIMITY_SHARE = 0.2
# Terms with this many characters between them count as unrelated: words, and pairs of Chinese characters.
PROXIMITY_REACH = 40
PROXIMITY_REACH_CJK = 6
# Factor for a passage with only one of several terms, as most passages have one by chance.
SINGLE_MATCH_FACTOR = 0.75
DOCUMENT_NAME_SHARE = 0.15
DUPLICATE_SHARE = 0.8


@dataclass(frozen=True)
class SegmentLengths:
    """Number of terms of each passage of a segment; ``first`` is the position of its first passage."""

    document: int
    first: int
    lengths: npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Candidate:
    """A passage that may answer; ``score`` by BM25 alone."""

    document: int
    position: int
    score: float


@dataclass(frozen=True)
class ScoredText:
    """A candidate's score with proximity, and which of the terms its text has."""

    score: float
    matched: frozenset[str]


def compute_weights(terms: Mapping[str, float], counts: Mapping[str, int], total: int) -> dict[str, float]:
    """Return each term's weight; ``terms`` has a factor for each, ``counts`` the passages that have it."""
    weights = {}
    for term, kind in terms.items():
        count = counts.get(term, 0)
        absent = ABSENT_CJK_WEIGHT if is_cjk(term) else ABSENT_WEIGHT
        share = 1.0 if count else absent
        rarity = math.log(1.0 + (total - max(count, 1) + 0.5) / (max(count, 1) + 0.5))
        weights[term] = kind * share * get_kind_weight(term) * rarity
    return weights


def rank_by_bm25(
    segments: Sequence[SegmentLengths],
    postings: Mapping[tuple[int, str], Postings],
    weights: Mapping[str, float],
    bonus: Mapping[int, float],
    limit: int,
) -> list[Candidate]:
    """Return the best passages by BM25 alone, best first.

    ``postings`` by (index in ``segments``, term); ``bonus`` is added to the score of a document's passages.
    """
    whole = sum(weights.values())
    total = sum(len(segment.lengths) for segment in segments)
    if whole <= 0.0 or not total:
        return []
    average = max(1.0, sum(int(segment.lengths.sum(dtype=np.int64)) for segment in segments) / total)
    by_segment: dict[int, list[tuple[float, Postings]]] = {}
    for (segment_index, term), found in postings.items():
        by_segment.setdefault(segment_index, []).append((weights[term] / whole, found))
    candidates: list[Candidate] = []
    for segment_index, entries in by_segment.items():
        segment = segments[segment_index]
        norms = (K1 * (1.0 - LENGTH_SHARE) + K1 * LENGTH_SHARE / average * segment.lengths).astype(np.float32)
        scores = np.zeros(len(segment.lengths), np.float32)
        for weight, found in entries:
            at = found["passage"]
            count = found["count"].astype(np.float32)
            scores[at] += weight * (BASE_SHARE + (1.0 - BASE_SHARE) * count / (count + norms[at]))
        more = bonus.get(segment.document, 0.0)
        for at in _pick_best(scores, limit):
            if scores[at] > 0.0:
                score = float(scores[at]) + more
                candidates.append(Candidate(segment.document, segment.first + int(at), score))
    candidates.sort(key=lambda found: (-found.score, found.document, found.position))
    return candidates[:limit]


def score_proximity(
    candidate: Candidate, heading: str, text: str, terms: Sequence[str], weights: Mapping[str, float]
) -> ScoredText:
    """Return the score combined with how close neighbouring terms of the question are in the text."""
    strong = [term for term in terms if get_kind_weight(term) == 1.0] or list(terms)
    places = locate_terms(strong, f"{heading}\n{text}")
    near, whole = 0.0, 0.0
    for one, two in pairwise(strong):
        weight = min(weights[one], weights[two])
        whole += weight
        if one in places and two in places:
            near += weight * _compute_proximity(
                places[one], places[two], PROXIMITY_REACH_CJK if is_cjk(one) else PROXIMITY_REACH
            )
    share = near / whole if whole else candidate.score
    score = (1.0 - PROXIMITY_SHARE) * candidate.score + PROXIMITY_SHARE * share
    if len(strong) > 2 and sum(term in places for term in strong) < 2:
        score *= SINGLE_MATCH_FACTOR
    return ScoredText(min(1.0, score), frozenset(places))


def is_alike(one: frozenset[str], two: frozenset[str]) -> bool:
    """Return whether two passages are duplicates, by the overlap of all their terms."""
    union = len(one | two)
    return union > 0 and len(one & two) / union >= DUPLICATE_SHARE


def _pick_best(scores: npt.NDArray[np.float32], limit: int) -> npt.NDArray[np.intp]:
    if len(scores) <= limit:
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - limit)[-limit:]


def _compute_proximity(ones: list[tuple[int, int]], twos: list[tuple[int, int]], reach: int) -> float:
    """Return 1 for adjacent terms, falling with the characters between them to 0 at ``reach``."""
    gap = min(max(one[0], two[0]) - min(one[1], two[1]) for one in ones for two in twos)
    return max(0.0, 1.0 - max(gap - 1, 0) / reach)
