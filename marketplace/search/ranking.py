"""Searching the store: candidates limited by popularity, ranked by text relevance and popularity.

A common word can match a third of the store, and ranking all matches would take a second. So at most the
``MAX_CANDIDATES`` most popular matches are ranked, together with matches in the name, which a search must
find however unpopular they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from core.pagination import read_cursor, sign_cursor
from marketplace.cards import CARD_FIELDS, CARD_SQL, Card
from marketplace.search.query_plan import choose_orders
from marketplace.search.spelling import MIN_WORD_LENGTH, build_trigrams, find_nearest
from marketplace.search.tsquery import build_expression

MAX_CANDIDATES = 300
MAX_NAMED = 100
PAGE_SIZE = 24
CURSOR = "marketplace.search"
MIN_RESULTS = 3
MAX_NEAR_TERMS = 60

# Relevance by weight of the field (starters, description, tagline, name), times the published score.
# A match in the name doubles it, the exact name counts four times.
FIND_SQL = f"""
WITH candidates AS (
  (SELECT id FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(wanted)s::tsquery {{category}}
   ORDER BY {{by_wanted}} DESC, id DESC LIMIT {MAX_CANDIDATES})
  UNION
  (SELECT id FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(named)s::tsquery {{category}}
   ORDER BY {{by_named}} DESC, id DESC LIMIT {MAX_NAMED})
), ranked AS (
  SELECT id, round((ts_rank('{{{{0.1, 0.2, 0.5, 1.0}}}}', search, %(wanted)s::tsquery)
    * (0.5 + popularity / 100)
    * CASE WHEN lower(name) = %(exact)s THEN 4 WHEN search @@ %(named)s::tsquery THEN 2 ELSE 1 END
    )::numeric, 6) AS relevance
  FROM candidates JOIN marketplace_listing USING (id)
), counted AS (
  SELECT id, relevance, count(*) OVER () AS found FROM ranked
)
SELECT c.relevance, c.found, {CARD_SQL}
FROM (SELECT * FROM counted WHERE (relevance, id) < (%(relevance)s, %(id)s)
      ORDER BY relevance DESC, id DESC LIMIT {PAGE_SIZE + 1}) AS c
JOIN marketplace_listing l ON l.id = c.id
JOIN marketplace_listingscore s ON s.listing_id = c.id
ORDER BY c.relevance DESC, c.id DESC
"""  # noqa: S608 - constants only; what people type goes in as parameters
COUNT_SQL = """
SELECT EXISTS (SELECT FROM marketplace_listing
               WHERE state = 'listed' AND search @@ %(wanted)s::tsquery {category})
"""
# The words in use that share the most trigrams with a misspelled one.
NEAR_TERMS_SQL = """
SELECT term, listing_count FROM marketplace_searchterm
WHERE trigrams && %(grams)s::varchar[] AND listing_count > 0
  AND length(term) BETWEEN %(length)s - 2 AND %(length)s + 2
ORDER BY cardinality(ARRAY(SELECT unnest(trigrams) INTERSECT SELECT unnest(%(grams)s::varchar[]))) DESC,
  listing_count DESC, term
LIMIT %(most)s
"""


@dataclass(frozen=True)
class SearchPage:
    """One page of results. ``found`` counts the ranked listings, ``is_more`` says that more matched.

    ``shown_for`` is the corrected text when the original found nothing, ``suggestion`` a correction when it
    found little; ``is_partial`` says that not every word had to match.
    """

    items: list[Card]
    next_cursor: str = ""
    found: int = 0
    shown_for: str = ""
    suggestion: str = ""
    is_partial: bool = False

    @property
    def is_more(self) -> bool:
        return self.found >= MAX_CANDIDATES

    @property
    def previous_cursor(self) -> str:
        return ""


def search(text: str, *, category: str = "", cursor: str = "", is_typing: bool = False) -> SearchPage:
    """Return a page of listings for ``text``.

    First all words must match; when nothing does, the spelling is corrected; when that finds nothing
    either, any word may match. Three queries for correctly spelled words, otherwise up to ten.
    """
    after = read_cursor(CURSOR, cursor)
    expression = build_expression(text, is_typing=is_typing)
    if not expression:
        return SearchPage(items=[])
    page = _find(expression.every, expression.named, text, category, after)
    if page.found >= MIN_RESULTS or (page.found and after):
        return page
    corrected = correct_spelling(expression.words, text)
    if page.found:
        return page if not corrected else replace(page, suggestion=corrected)
    if corrected:
        corrected_expression = build_expression(corrected)
        page = _find(corrected_expression.every, corrected_expression.named, corrected, category, after)
        if page.found:
            return replace(page, shown_for=corrected)
        expression = corrected_expression
    page = _find(expression.some, expression.named, corrected or text, category, after)
    return replace(page, shown_for=corrected if page.found else "", is_partial=page.found > 0)


def _find(wanted: str, named: str, text: str, category: str, after: Sequence[Any] | None) -> SearchPage:
    parameters: dict[str, Any] = {
        "wanted": wanted,
        "named": named,
        "exact": text.strip().lower(),
        "category": category,
        "relevance": after[0] if after else "1000000",
        "id": after[1] if after else 0,
    }
    category_filter = "AND category = %(category)s" if category else ""
    with connection.cursor() as cursor:
        orders = choose_orders(
            cursor, parameters, category_filter=category_filter, limits=(MAX_CANDIDATES, MAX_NAMED)
        )
        cursor.execute(FIND_SQL.format(category=category_filter, **orders), parameters)
        rows = cursor.fetchall()
        if not rows and after:
            cursor.execute(COUNT_SQL.format(category=category_filter), parameters)
            return SearchPage(items=[], found=int(cursor.fetchone()[0]))
    cards = [Card(**dict(zip(CARD_FIELDS, row[2:], strict=True))) for row in rows[:PAGE_SIZE]]
    last = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    return SearchPage(
        items=cards,
        found=rows[0][1] if rows else 0,
        next_cursor=sign_cursor(CURSOR, [last[0], last[2]]) if last else "",
    )


def correct_spelling(words: tuple[str, ...], text: str) -> str:
    """Return ``text`` with unknown words replaced by the nearest words of listings in the store.

    Empty when nothing can be corrected.
    """
    long_words = [word for word in words if len(word) >= MIN_WORD_LENGTH]
    if not long_words:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term FROM marketplace_searchterm WHERE term = ANY(%s) AND listing_count > 0", [long_words]
        )
        known = {row[0] for row in cursor.fetchall()}
        corrected = text.casefold()
        for word in long_words:
            if word in known:
                continue
            cursor.execute(
                NEAR_TERMS_SQL, {"grams": build_trigrams(word), "length": len(word), "most": MAX_NEAR_TERMS}
            )
            better = find_nearest(word, cursor.fetchall())
            if better:
                corrected = corrected.replace(word, better)
    return corrected if corrected != text.casefold() else ""
