"""Finding the passages of a GPT's knowledge that answer a question, by full text."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db import connection
from django.db.models import QuerySet, Value

from gpts.models import GPT, Passage, Version
from gpts.passages import QUERY_TERMS, chinese_bigrams, query_bigrams, western_words
from gpts.queries import inside_workspace_of
from gpts.states import FileState

# Passages that carry less than this share of the question's weight do not answer it. Words that occur nowhere
# in the knowledge say little about which passage is meant, so they weigh less than those that do.
RELEVANCE_FLOOR = 0.15
ABSENT_WEIGHT = 0.4
CANDIDATES = 300
VOCABULARY = 20_000
QUERY_LENGTH = 2_000


@dataclass(frozen=True)
class FoundPassage:
    """One passage that may answer. ``score`` is the share of the question's weight that it carries, 0-1."""

    passage_id: int
    file_id: int
    file: str
    heading: str
    page: int | None
    text: str
    score: float


def find_passages(
    gpt: GPT, text: str, limit: int = 5, *, version: Version | None = None
) -> list[FoundPassage]:
    """Return up to ``limit`` passages for a question in English, Chinese or both, best first.

    Looks into the files that ``version`` was frozen with, or into the draft's without one. Empty when
    nothing is relevant. The caller has authorised the person to chat with ``gpt``.
    """
    with inside_workspace_of(gpt):
        terms = query_terms(text[:QUERY_LENGTH])
        if not terms:
            return []
        found = _ranked(gpt, version, terms)
        known = {term for _row, matched in found for term in matched}
        mended = _mend_typing(gpt, [term for term in terms if term not in known])
        if mended:
            terms = [mended.get(term, term) for term in terms]
            found = _ranked(gpt, version, terms)
        return _scored(found, terms)[:limit]


def query_terms(text: str) -> list[str]:
    """Return the lexemes of a question: stemmed English without stop words, Chinese pairs as they are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector('english', %s))", [western_words(text)])
        (english,) = cursor.fetchone()
    return [*english, *query_bigrams(text)][:QUERY_TERMS]


def search_vector(heading: str, text: str) -> Any:
    """Return the expression that fills Passage.search."""
    grams = " ".join(chinese_bigrams(f"{heading}\n{text}"))
    return (
        SearchVector(Value(western_words(heading)), config="english", weight="A")
        + SearchVector(Value(western_words(text)), config="english", weight="B")
        + SearchVector(Value(grams), config="simple", weight="B")
    )


def _passages(gpt: GPT, version: Version | None) -> QuerySet[Passage]:
    found = Passage.objects.filter(gpt=gpt, file__state=FileState.READY)
    if version is None:
        return found.filter(file__removed_at__isnull=True)
    return found.filter(file__content_hash__in=version.knowledge_hashes)


def _ranked(gpt: GPT, version: Version | None, terms: list[str]) -> list[tuple[dict[str, Any], list[str]]]:
    """Return the likeliest passages, each with those of ``terms`` that it has."""
    query = " | ".join(_quoted(term) for term in terms)
    rows = (
        _passages(gpt, version)
        # Fixed SQL with parameters: the ORM cannot intersect arrays of lexemes.
        .extra(
            select={
                "matched": "ARRAY(SELECT unnest(tsvector_to_array(gpts_passage.search))"
                " INTERSECT SELECT unnest(%s::text[]))",
                "rank": "ts_rank(gpts_passage.search, %s::tsquery, 1)",
            },
            select_params=(terms, query),
            where=["gpts_passage.search @@ %s::tsquery"],
            params=[query],
            order_by=["-rank", "id"],
        )
        .values("id", "file_id", "file__name", "heading", "page", "text", "matched", "rank")[:CANDIDATES]
    )
    return [(row, row["matched"]) for row in rows]


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def _scored(found: list[tuple[dict[str, Any], list[str]]], terms: list[str]) -> list[FoundPassage]:
    """Order by the share of the question's weight; a word that every passage has weighs little."""
    counts = dict.fromkeys(terms, 0)
    for _row, matched in found:
        for term in matched:
            counts[term] += 1
    total = len(found)
    weights = {
        term: ABSENT_WEIGHT if not count else 1.0 / (1.0 + count / (total + 1))
        for term, count in counts.items()
    }
    whole = sum(weights.values())
    scored = [(sum(weights[term] for term in matched) / whole, row["rank"], row) for row, matched in found]
    scored.sort(key=lambda entry: (-entry[0], -entry[1], entry[2]["id"]))
    return [
        FoundPassage(
            passage_id=row["id"],
            file_id=row["file_id"],
            file=row["file__name"],
            heading=row["heading"],
            page=row["page"],
            text=row["text"],
            score=round(share, 4),
        )
        for share, _rank, row in scored
        if share >= RELEVANCE_FLOOR
    ]


def _mend_typing(gpt: GPT, unknown: list[str]) -> dict[str, str]:
    """Map mistyped Latin words to the nearest word of this GPT's knowledge."""
    words = [word for word in unknown if len(word) >= 4 and word.isascii() and word.isalpha()][:8]
    if not words:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM"
            " ts_stat(format('SELECT search FROM gpts_passage WHERE gpt_id = %%s', %s::bigint))"
            " WHERE length(word) >= 4 ORDER BY ndoc DESC LIMIT %s",
            [gpt.pk, VOCABULARY],
        )
        vocabulary = [row[0] for row in cursor.fetchall()]
    mended = {}
    for word in words:
        near = [other for other in vocabulary if abs(len(other) - len(word)) <= 2 and other[0] == word[0]]
        close = difflib.get_close_matches(word, near, n=1, cutoff=0.75)
        if close:
            mended[word] = close[0]
    return mended
