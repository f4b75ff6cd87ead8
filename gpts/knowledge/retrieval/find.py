"""Search over a GPT's knowledge: full text and vectors, merged and ordered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.passages import join_rows
from gpts.knowledge.retrieval.index_reading import (
    SearchIndex,
    load_passages,
    load_postings,
    load_search_index,
    load_similar_words,
)
from gpts.knowledge.retrieval.question_vectors import QuestionVector
from gpts.knowledge.retrieval.ranking import (
    DOCUMENT_NAME_SHARE,
    Candidate,
    compute_weights,
    is_alike,
    rank_by_bm25,
    score_proximity,
)
from gpts.knowledge.retrieval.spelling import MIN_LENGTH, find_nearest_word
from gpts.knowledge.retrieval.stems import stem
from gpts.knowledge.retrieval.terms import (
    QUERY_LENGTH,
    extract_query_terms,
    extract_terms,
    extract_words,
    get_kind_weight,
)
from gpts.knowledge.retrieval.terms_v1 import map_to_old_terms
from gpts.knowledge.retrieval.vectors import NearPassages, VectorStatus, nearest_passages

# A passage with a vector is scored by its words, the share TEXT_SHARE, and by its meaning; one without by its
# words. Below MIN_SCORE, or MIN_TEXT_SCORE, it is dropped as noise; from ANSWERABLE_SCORE on it probably
# contains the answer. All measured, see benchmarks/README.md.
TEXT_SHARE = 0.4
MIN_SCORE = 0.08
MIN_TEXT_SCORE = 0.12
ANSWERABLE_SCORE = 0.25
CANDIDATES = 40
JOINED_LENGTH = 2_000
# Single Chinese characters find differently worded passages. In large indexes each occurs in thousands of
# passages and distinguishes none, so they are left out if the question has enough words and pairs.
SINGLE_CHARACTERS_UP_TO = 20_000
STRONG_TERMS = 4
CORRECTED_WORDS = 6
CORRECTED_WEIGHT = 0.8


@dataclass(frozen=True)
class FoundPassage:
    """A passage that may answer. ``score`` is 0-1, see gpts.knowledge.retrieval.ranking.

    Two neighbouring passages of one section that were both found are joined: ``passage_ids`` has both,
    ``passage_id`` the one with the better score.
    """

    passage_id: int
    document_id: int
    file: str
    heading: str
    page: int | None
    paragraph: int
    text: str
    score: float
    passage_ids: tuple[int, ...] = ()
    # The first and last row of a sheet or CSV.
    rows: tuple[int, int] | None = None


@dataclass(frozen=True)
class Hit:
    """A found passage and the reasons: ranks count from 1; 0 means not found that way."""

    passage: FoundPassage
    position: int
    matched: tuple[str, ...]
    text_score: float = 0.0
    text_rank: int = 0
    vector_score: float = 0.0
    vector_rank: int = 0


@dataclass(frozen=True)
class Lookup:
    """The result of one search with its reasons.

    ``absent`` are terms that occur in no passage, ``corrections`` maps mistyped words to those searched for.
    """

    hits: tuple[Hit, ...] = ()
    terms: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    corrections: dict[str, str] = field(default_factory=dict)
    vectors: VectorStatus = VectorStatus.NONE
    passage_count: int = 0
    milliseconds: float = 0.0

    @property
    def passages(self) -> list[FoundPassage]:
        return [hit.passage for hit in self.hits]


def find_passages(
    gpt: GPT,
    text: str,
    limit: int = 5,
    *,
    version: Version | None = None,
    vector: QuestionVector | None = None,
) -> list[FoundPassage]:
    """Return up to ``limit`` passages for a question in English, Chinese or both, best first.

    Searches the files that ``version`` was frozen with, or those of the draft without one. Empty when
    nothing is relevant. ``vector`` is the question's, made before the transaction by get_question_embedder;
    without it full text is used alone. The caller has authorised the person to chat with ``gpt``.
    """
    return look_up(gpt, text, limit, version=version, vector=vector).passages


def is_answerable(passages: Sequence[FoundPassage]) -> bool:
    """Return whether the passages probably answer, for GPTs that answer from knowledge alone."""
    return any(passage.score >= ANSWERABLE_SCORE for passage in passages)


def look_up(
    gpt: GPT,
    text: str,
    limit: int = 5,
    *,
    version: Version | None = None,
    vector: QuestionVector | None = None,
) -> Lookup:
    """Search like find_passages, and return the reasons too."""
    started = time.perf_counter()
    with gpt_workspace_scope(gpt):
        index = load_search_index(gpt, version)
        if not index.passage_count:
            return Lookup()
        words, texts = _search_text(index, text)
        vectors = _search_vectors(gpt, index, vector, texts)
        hits = _merge_hits(index, words, texts, vectors)
    return Lookup(
        hits=tuple(_choose_hits(hits, limit)),
        terms=tuple(words.weights),
        absent=words.absent,
        corrections=words.corrections,
        vectors=vectors.status,
        passage_count=index.passage_count,
        milliseconds=(time.perf_counter() - started) * 1000,
    )


def _search_vectors(
    gpt: GPT, index: SearchIndex, question: QuestionVector | None, texts: Sequence[Candidate]
) -> NearPassages:
    if not index.may_have_vectors:
        return NearPassages(VectorStatus.NONE)
    asked = [(found.document, found.position) for found in texts]
    return nearest_passages(gpt, tuple(index.names), question, CANDIDATES, asked)


@dataclass(frozen=True)
class _QueryTerms:
    """The question's terms with their weights in the index; see Lookup for the other fields."""

    weights: dict[str, float] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    corrections: dict[str, str] = field(default_factory=dict)


def _search_text(index: SearchIndex, text: str) -> tuple[_QueryTerms, list[Candidate]]:
    kinds = dict.fromkeys(extract_query_terms(text), 1.0)
    strong = {term: kind for term, kind in kinds.items() if get_kind_weight(term) == 1.0}
    if index.passage_count > SINGLE_CHARACTERS_UP_TO and len(strong) >= STRONG_TERMS:
        kinds = strong
    if not kinds:
        return _QueryTerms(), []
    old_terms = map_to_old_terms(text[:QUERY_LENGTH]) if index.has_old_terms else {}
    postings = load_postings(index, kinds, old_terms)
    known = {term for _segment, term in postings}
    corrections = _correct_spelling(index, text, [term for term in kinds if term not in known])
    if corrections:
        replaced = {stem(word): stem(meant) for word, meant in corrections.items()}
        kinds = {
            replaced.get(term, term): CORRECTED_WEIGHT if term in replaced else kind
            for term, kind in kinds.items()
        }
        postings |= load_postings(index, [term for term in replaced.values() if term not in known], old_terms)
    counts: dict[str, int] = {}
    for (_segment, term), found in postings.items():
        counts[term] = counts.get(term, 0) + len(found)
    weights = compute_weights(kinds, counts, index.passage_count)
    candidates = rank_by_bm25(
        index.segments, postings, weights, _compute_name_bonus(index, weights), CANDIDATES
    )
    absent = tuple(term for term in weights if term not in counts)
    return _QueryTerms(weights, absent, corrections), candidates


def _correct_spelling(index: SearchIndex, text: str, unknown: Sequence[str]) -> dict[str, str]:
    if not unknown:
        return {}
    missing = set(unknown)
    words = [
        word
        for word in dict.fromkeys(extract_words(text))
        if stem(word) in missing and len(word) >= MIN_LENGTH
    ]
    corrections = {}
    for word in words[:CORRECTED_WORDS]:
        meant = find_nearest_word(word, load_similar_words(index, word))
        if meant is not None:
            corrections[word] = meant
    return corrections


def _compute_name_bonus(index: SearchIndex, weights: dict[str, float]) -> dict[int, float]:
    """Return for each document the share that is added because the question contains words of its name."""
    whole = sum(weights.values()) or 1.0
    bonus = {}
    for document, name in index.names.items():
        named = weights.keys() & set(extract_terms(PurePosixPath(name).stem))
        if named:
            bonus[document] = DOCUMENT_NAME_SHARE * sum(weights[term] for term in named) / whole
    return bonus


def _merge_hits(
    index: SearchIndex, words: _QueryTerms, texts: list[Candidate], vectors: NearPassages
) -> list[Hit]:
    """Return the results of full text and vectors above the minimum score, best first."""
    candidates = {(found.document, found.position): found for found in texts}
    for near in vectors.near:
        key = (near.document, near.position)
        candidates.setdefault(key, Candidate(*key, 0.0))
    rows = load_passages(list(candidates.values()))
    terms = list(words.weights)
    scored = {
        key: score_proximity(candidates[key], row["heading"], row["text"], terms, words.weights)
        for key, row in rows.items()
    }
    by_text = sorted(
        (key for key in scored if candidates[key].score > 0.0), key=lambda key: (-scored[key].score, key)
    )
    text_ranks = {key: rank for rank, key in enumerate(by_text, 1)}
    by_vector = ((near.document, near.position) for near in vectors.near)
    vector_ranks = {key: rank for rank, key in enumerate((key for key in by_vector if key in rows), 1)}
    hits = []
    for key, row in rows.items():
        text_score = scored[key].score if key in text_ranks else 0.0
        vector_score = vectors.scores.get(key)
        score = combine_scores(text_score, vector_score)
        if score < (MIN_TEXT_SCORE if vector_score is None else MIN_SCORE):
            continue
        hits.append(
            Hit(
                passage=_build_passage(index, row, score),
                position=row["position"],
                matched=tuple(term for term in terms if term in scored[key].matched),
                text_score=text_score,
                text_rank=text_ranks.get(key, 0),
                vector_score=vector_score or 0.0,
                vector_rank=vector_ranks.get(key, 0),
            )
        )
    return sorted(hits, key=lambda hit: (-hit.passage.score, hit.passage.passage_id))


def combine_scores(text_score: float, vector_score: float | None) -> float:
    """Return the score of a passage, 0-1; ``vector_score`` is None for one without a vector."""
    if vector_score is None:
        return text_score
    return TEXT_SHARE * text_score + (1.0 - TEXT_SHARE) * vector_score


def _build_passage(index: SearchIndex, row: dict[str, Any], score: float) -> FoundPassage:
    return FoundPassage(
        passage_id=row["id"],
        document_id=row["document_id"],
        file=index.names[row["document_id"]],
        heading=row["heading"],
        page=row["page"],
        paragraph=row["paragraph"],
        text=row["text"],
        rows=(row["first_row"], row["last_row"] or row["first_row"]) if row["first_row"] else None,
        score=round(min(1.0, score), 4),
        passage_ids=(row["id"],),
    )


def _choose_hits(hits: list[Hit], limit: int) -> list[Hit]:
    """Return the best ``limit`` hits without duplicates; neighbouring passages of a section are joined."""
    taken: list[Hit] = []
    for hit in hits:
        if any(_is_duplicate(hit, other) for other in taken):
            continue
        for index, held in enumerate(taken):
            joined = _join_neighbours(held, hit)
            if joined is not None:
                taken[index] = joined
                break
        else:
            if len(taken) >= limit:
                break
            taken.append(hit)
    return taken


def _is_duplicate(hit: Hit, other: Hit) -> bool:
    # Cheap checks first: duplicates match the same terms and have about the same length.
    one, two = hit.passage.text, other.passage.text
    if set(hit.matched) != set(other.matched) or not 0.8 <= (len(one) + 1) / (len(two) + 1) <= 1.25:
        return False
    return is_alike(frozenset(extract_terms(one)), frozenset(extract_terms(two)))


def _join_neighbours(held: Hit, hit: Hit) -> Hit | None:
    one, two = held.passage, hit.passage
    is_neighbour = (
        one.document_id == two.document_id
        and one.heading == two.heading
        and one.page == two.page
        and abs(held.position - hit.position) == 1
        and len(one.passage_ids) == 1
        and len(one.text) + len(two.text) <= JOINED_LENGTH
    )
    if not is_neighbour:
        return None
    first, second = (one, two) if held.position < hit.position else (two, one)
    passage = replace(
        one,
        text=f"{first.text}\n\n{second.text}",
        paragraph=first.paragraph,
        rows=join_rows(first.rows, second.rows),
        passage_ids=(first.passage_id, second.passage_id),
    )
    return replace(held, passage=passage, matched=tuple(dict.fromkeys((*held.matched, *hit.matched))))
