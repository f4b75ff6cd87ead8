"""Which passages answer a question: BM25 over packed postings, then nearness of the words. Pure.

``score`` is a share, 0-1: of the weight of all the question's terms, how much does the passage carry. A term
weighs by its rarity in the GPT's own documents (idf), so that the name of the product, which stands
everywhere, decides nothing. Within a term's weight, more occurrences in a shorter passage count more (BM25),
above a base for occurring at all. Words that occur nowhere count against every passage, yet less: they say
nothing about which passage is meant.
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
# What a term gives for occurring once, the rest comes with occurrences.
BASE_SHARE = 0.55
ABSENT_WEIGHT = 0.45
# A pair that is nowhere is as often two halves of other words as a word.
ABSENT_CJK_WEIGHT = 0.15
PROXIMITY_SHARE = 0.2
# Characters between two words, and between two pairs of Chinese characters, that make them strangers.
PROXIMITY_REACH = 40
PROXIMITY_REACH_CJK = 6
# What a passage keeps that has but one word of several: by chance most passages have one.
SINGLE_MATCH_FACTOR = 0.75
DOCUMENT_NAME_SHARE = 0.15
DUPLICATE_SHARE = 0.8


@dataclass(frozen=True)
class SegmentLengths:
    """A segment as ranking sees it: ``lengths`` in terms per passage."""

    document: int
    first: int
    lengths: npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Candidate:
    """A passage by its place; ``score`` before its words were read."""

    document: int
    position: int
    score: float


@dataclass(frozen=True)
class ScoredText:
    """What a candidate's text says: its score with nearness, and which of the terms it has."""

    score: float
    matched: frozenset[str]


def compute_weights(terms: Mapping[str, float], counts: Mapping[str, int], total: int) -> dict[str, float]:
    """Return each term's weight; ``terms`` says what it counts for, ``counts`` in how many passages it is."""
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
    """Return the likeliest passages by BM25 alone, best first.

    ``postings`` by (place of the segment, term); ``bonus`` is a share that a document gets for its name.
    """
    whole = sum(weights.values())
    total = sum(len(segment.lengths) for segment in segments)
    if whole <= 0.0 or not total:
        return []
    average = max(1.0, sum(int(segment.lengths.sum(dtype=np.int64)) for segment in segments) / total)
    by_segment: dict[int, list[tuple[float, Postings]]] = {}
    for (place, term), found in postings.items():
        by_segment.setdefault(place, []).append((weights[term] / whole, found))
    candidates: list[Candidate] = []
    for place, entries in by_segment.items():
        segment = segments[place]
        norms = (K1 * (1.0 - LENGTH_SHARE) + K1 * LENGTH_SHARE / average * segment.lengths).astype(np.float32)
        scores = np.zeros(len(segment.lengths), np.float32)
        for weight, found in entries:
            at = found["place"]
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
    """Return the candidate's score with the nearness of the question's neighbouring terms in its text."""
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
    """Return whether two passages, by all their terms, say the same, so that one of them is enough."""
    union = len(one | two)
    return union > 0 and len(one & two) / union >= DUPLICATE_SHARE


def fuse_ranks(
    ranks: Sequence[Sequence[int]], shares: Sequence[float], constant: int = 20
) -> dict[int, float]:
    """Return reciprocal rank fusion, 0-1: a passage that is first in every list has 1."""
    best = sum(shares) / (constant + 1)
    scores: dict[int, float] = {}
    for order, share in zip(ranks, shares, strict=True):
        for place, passage in enumerate(order):
            scores[passage] = scores.get(passage, 0.0) + share / (constant + place + 1)
    return {passage: score / best for passage, score in scores.items()}


def _pick_best(scores: npt.NDArray[np.float32], limit: int) -> npt.NDArray[np.intp]:
    if len(scores) <= limit:
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - limit)[-limit:]


def _compute_proximity(ones: list[tuple[int, int]], twos: list[tuple[int, int]], reach: int) -> float:
    """1 when the terms touch somewhere, less with the characters between them, 0 from ``reach`` on."""
    gap = min(max(one[0], two[0]) - min(one[1], two[1]) for one in ones for two in twos)
    return max(0.0, 1.0 - max(gap - 1, 0) / reach)
