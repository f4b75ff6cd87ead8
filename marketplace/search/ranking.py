"""Searching the store by words and by meaning: candidates, their order, and one page of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from core.pagination import read_cursor, sign_cursor
from marketplace.cards import CARD_FIELDS, CARD_SQL, Card
from marketplace.search import fusion
from marketplace.search.candidates import MAX_CANDIDATES, find_candidates
from marketplace.search.corrections import correct_spelling
from marketplace.search.fusion import Candidate, order_by_meaning_and_words, order_by_words
from marketplace.search.meaning import get_matrix
from marketplace.search.query_vectors import QueryVector
from marketplace.search.ranked import Ranked, keep, make_key, read
from marketplace.search.tsquery import Expression, build_expression
from marketplace.search.vectors import Matrix

PAGE_SIZE = 24
CURSOR = "marketplace.search.ranked"
MIN_RESULTS = 3
# In longer searches that have near listings, unknown words are not taken for misspelled ones.
MAX_CORRECTED_WORDS = 1

CARDS_SQL = f"""
SELECT {CARD_SQL}
FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, place)
JOIN marketplace_listing l ON l.id = wanted.id
JOIN marketplace_listingscore s ON s.listing_id = wanted.id
WHERE l.state = 'listed'
ORDER BY wanted.place
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class SearchPage:
    """One page of results. ``found`` counts the ranked listings, ``is_more`` says that more matched.

    ``matches`` counts those of them that have the words; the others are near by meaning.

    ``shown_for`` is the corrected text when the original found nothing, ``suggestion`` a correction when it
    found little; ``is_partial`` says that not every word had to match.
    """

    items: list[Card]
    next_cursor: str = ""
    found: int = 0
    matches: int = 0
    shown_for: str = ""
    suggestion: str = ""
    is_partial: bool = False

    @property
    def is_more(self) -> bool:
        return self.matches >= MAX_CANDIDATES

    @property
    def previous_cursor(self) -> str:
        return ""


class _Search:
    """One search: its text, and what is near to it by meaning."""

    def __init__(self, text: str, category: str, vector: QueryVector | None) -> None:
        self.text, self.category = text, category
        self.vector = vector
        self.matrix: Matrix | None = get_matrix() if vector is not None else None
        self.near: dict[int, float] = {}
        self.floor = fusion.CHINESE_FLOOR if vector is not None and vector.is_chinese else fusion.FLOOR
        if vector is not None and self.matrix is not None:
            self.near = self.matrix.find_nearest(
                vector.values,
                centre=vector.centre,
                category=category,
                most=fusion.MAX_COMPARED,
                margin=fusion.COMPARED_MARGIN,
                floor=self.floor,
            )

    def find(self, wanted: str, expression: Expression, text: str) -> list[Candidate]:
        return find_candidates(
            wanted=wanted,
            named=expression.named,
            text=text,
            category=self.category,
            near=list(self.near),
            terms=expression.terms if self.near else (),
        )

    def order(
        self, found: list[Candidate], expression: Expression, matching: frozenset[int]
    ) -> tuple[int, ...]:
        """Return the ids of the candidates, best first; all that are ``matching`` are among them."""
        if not self.near:
            return tuple(order_by_words(found))
        assert self.matrix is not None  # else nothing is near
        assert self.vector is not None
        products = self.matrix.compare([one.id for one in found], self.vector.values)
        return tuple(
            order_by_meaning_and_words(
                found, products, word_count=len(expression.terms), floor=self.floor, kept=matching
            )
        )


def search(
    text: str,
    *,
    category: str = "",
    cursor: str = "",
    is_typing: bool = False,
    vector: QueryVector | None = None,
) -> SearchPage:
    """Return a page of listings for ``text``; without its ``vector`` by words alone.

    First all words must match; when nothing does, the spelling is corrected; when that finds nothing either,
    any word may match. Listings near by meaning join those with all words, and where there are some, the
    words of long searches are not corrected, and need not match. Four queries for correctly spelled words,
    otherwise up to twelve; one for a further page.
    """
    after = read_cursor(CURSOR, cursor)
    ranked = read(after[0]) if after else None
    if ranked is None:
        ranked = _rank(text, category, is_typing=is_typing, vector=vector)
    start = _find_start(ranked.ids, after[1], after[2]) if after else 0
    ids = ranked.ids[start : start + PAGE_SIZE]
    next_cursor = ""
    if len(ranked.ids) > start + PAGE_SIZE:
        key = after[0] if after else make_key(ranked.ids, text, category)
        keep(key, ranked)
        next_cursor = sign_cursor(CURSOR, [key, start + PAGE_SIZE, ids[-1]])
    return SearchPage(
        items=_read_cards(ids),
        next_cursor=next_cursor,
        found=len(ranked.ids),
        matches=ranked.matches,
        shown_for=ranked.shown_for,
        suggestion=ranked.suggestion,
        is_partial=ranked.is_partial,
    )


def _find_start(ids: tuple[int, ...], place: int, last: int) -> int:
    """Return where the next page starts: behind the last listing of the page before, if it is there."""
    return ids.index(last) + 1 if last in ids else place


def _rank(text: str, category: str, *, is_typing: bool, vector: QueryVector | None) -> Ranked:
    expression = build_expression(text, is_typing=is_typing)
    if not expression:
        return Ranked()
    this = _Search(text, category, vector)
    found = this.find(expression.every, expression, text)
    matching = _list_matching(found)
    if len(matching) >= MIN_RESULTS:
        return Ranked(this.order(found, expression, matching), len(matching))
    may_correct = not this.near or len(expression.words) <= MAX_CORRECTED_WORDS
    corrected = correct_spelling(expression.words, text) if may_correct else ""
    if matching and not this.near:
        return Ranked(this.order(found, expression, matching), len(matching), suggestion=corrected)
    if corrected and not matching:
        better = build_expression(corrected)
        found_better = this.find(better.every, better, corrected)
        matching = _list_matching(found_better)
        if matching:
            return Ranked(this.order(found_better, better, matching), len(matching), shown_for=corrected)
        # With near listings the words count as they were typed.
        if not this.near:
            expression = better
    if this.near:
        return Ranked(this.order(found, expression, matching), len(matching), suggestion=corrected)
    loose = this.find(expression.some, expression, corrected or text)
    partial = _list_matching(loose)
    return Ranked(
        this.order(loose, expression, partial),
        len(partial),
        shown_for=corrected if partial else "",
        is_partial=bool(partial),
    )


def _list_matching(found: list[Candidate]) -> frozenset[int]:
    return frozenset(one.id for one in found if one.relevance is not None)


def _read_cards(ids: tuple[int, ...]) -> list[Card]:
    """Return the cards of those that are still in the store, in the order of ``ids``."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(CARDS_SQL, [list(ids)])
        return [Card(**dict(zip(CARD_FIELDS, row, strict=True))) for row in cursor.fetchall()]
