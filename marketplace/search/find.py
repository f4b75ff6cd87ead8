"""Searching the store: candidates bounded by popularity, ranked by text and popularity together.

A broad word can match a third of the store. Ranking them all would take a second, so at most
``MOST_CANDIDATES`` enter the ranking, the most popular ones, together with those that have the words in
their name, which a search must find however unknown they are.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from marketplace.cards import CARD_FIELDS, CARD_SQL, Card
from marketplace.search.expressions import Expression, parse
from marketplace.search.terms import SHORTEST, nearest, trigrams
from marketplace.search.ways import ways

MOST_CANDIDATES = 300
MOST_NAMED = 100
PAGE_SIZE = 24
FEW = 3
NEAR_TERMS = 60

# Relevance by weight of the place (starters, description, tagline, name), times the published score.
# Words in the name double it, the very name counts four times.
FIND_SQL = f"""
WITH candidates AS (
  (SELECT id FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(wanted)s::tsquery {{category}}
   ORDER BY {{by_wanted}} DESC, id DESC LIMIT {MOST_CANDIDATES})
  UNION
  (SELECT id FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(named)s::tsquery {{category}}
   ORDER BY {{by_named}} DESC, id DESC LIMIT {MOST_NAMED})
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
# The used words that share the most three-letter pieces with a mistyped one.
NEAR_SQL = """
SELECT term, listing_count FROM marketplace_searchterm
WHERE trigrams && %(grams)s::varchar[] AND listing_count > 0
  AND length(term) BETWEEN %(length)s - 2 AND %(length)s + 2
ORDER BY cardinality(ARRAY(SELECT unnest(trigrams) INTERSECT SELECT unnest(%(grams)s::varchar[]))) DESC,
  listing_count DESC, term
LIMIT %(most)s
"""


@dataclass(frozen=True)
class Found:
    """One page of results. ``found`` counts what entered the ranking, ``is_more`` says that more matched.

    ``shown_for`` is the mended text when what was typed found nothing, ``suggestion`` one that may have been
    meant when little was found; ``is_partial`` says that not every word had to match.
    """

    items: list[Card]
    next_cursor: str = ""
    found: int = 0
    shown_for: str = ""
    suggestion: str = ""
    is_partial: bool = False

    @property
    def is_more(self) -> bool:
        return self.found >= MOST_CANDIDATES

    @property
    def previous_cursor(self) -> str:
        return ""


def search(text: str, *, category: str = "", cursor: str = "", is_typing: bool = False) -> Found:
    """Return the page of listings that ``text`` finds.

    First all words must match; when nothing does, the typing errors are mended; when that finds nothing
    either, any part of the text will do. Three queries where words are right, up to ten where not.
    """
    after = _decode(cursor)
    expression = parse(text, is_typing=is_typing)
    if not expression:
        return Found(items=[])
    page = _find(expression.every, expression.named, text, category, after)
    if page.found >= FEW or (page.found and after):
        return page
    mended = mend(expression.words, text)
    if page.found:
        return page if not mended else _with(page, suggestion=mended)
    if mended:
        meant = parse(mended)
        page = _find(meant.every, meant.named, mended, category, after)
        if page.found:
            return _with(page, shown_for=mended)
        expression = meant
    page = _find(expression.some, expression.named, mended or text, category, after)
    return _with(page, shown_for=mended if page.found else "", is_partial=page.found > 0)


def _with(page: Found, **changes: Any) -> Found:
    return Found(**{name: getattr(page, name) for name in Found.__dataclass_fields__} | changes)


def _find(wanted: str, named: str, text: str, category: str, after: tuple[str, int] | None) -> Found:
    parameters: dict[str, str | int] = {
        "wanted": wanted,
        "named": named,
        "exact": text.strip().lower(),
        "category": category,
        "relevance": after[0] if after else "1000000",
        "id": after[1] if after else 0,
    }
    narrowed = "AND category = %(category)s" if category else ""
    with connection.cursor() as cursor:
        orders = ways(cursor, parameters, narrowed=narrowed, most=(MOST_CANDIDATES, MOST_NAMED))
        cursor.execute(FIND_SQL.format(category=narrowed, **orders), parameters)
        rows = cursor.fetchall()
        if not rows and after:
            cursor.execute(COUNT_SQL.format(category=narrowed), parameters)
            return Found(items=[], found=int(cursor.fetchone()[0]))
    cards = [Card(**dict(zip(CARD_FIELDS, row[2:], strict=True))) for row in rows[:PAGE_SIZE]]
    last = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    return Found(
        items=cards,
        found=rows[0][1] if rows else 0,
        next_cursor=_encode(str(last[0]), last[2]) if last else "",
    )


def mend(words: tuple[str, ...], text: str) -> str:
    """Return ``text`` with the words that nobody uses replaced by the nearest that the store does use.

    Empty when nothing can be mended. Only words of listed listings are ever proposed.
    """
    long_words = [word for word in words if len(word) >= SHORTEST]
    if not long_words:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term FROM marketplace_searchterm WHERE term = ANY(%s) AND listing_count > 0", [long_words]
        )
        known = {row[0] for row in cursor.fetchall()}
        mended = text.casefold()
        for word in long_words:
            if word in known:
                continue
            cursor.execute(NEAR_SQL, {"grams": trigrams(word), "length": len(word), "most": NEAR_TERMS})
            better = nearest(word, cursor.fetchall())
            if better:
                mended = mended.replace(word, better)
    return mended if mended != text.casefold() else ""


def _encode(relevance: str, identifier: int) -> str:
    raw = json.dumps([relevance, identifier], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(cursor: str) -> tuple[str, int] | None:
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        relevance, identifier = json.loads(raw)
        if not isinstance(identifier, int) or not 0 < identifier < 2**63 or not isinstance(relevance, str):
            raise ValueError
        if not relevance.isascii() or len(relevance) > 20 or not relevance.replace(".", "", 1).isdigit():
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise InvalidInput(
            _("This page address is not valid. Start again from the first page."),
            code="cursor_invalid",
            field="cursor",
        ) from error
    return relevance, identifier


__all__ = ["Expression", "Found", "mend", "search"]
