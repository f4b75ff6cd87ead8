"""Reading the candidates of a search: the most popular matches of its words, and listings near by meaning.

A common word can match a third of the store, and ranking all matches would take a second. So at most the
``MAX_CANDIDATES`` most popular matches are read, together with matches in the name, which a search must find
however unpopular they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from marketplace.search.fusion import Candidate
from marketplace.search.query_plan import choose_orders

MAX_CANDIDATES = 300
MAX_NAMED = 100

# Relevance by weight of the field (starters, description, tagline, name), times the published score.
# A match in the name doubles it, the exact name counts four times. A match has all words. The search column
# is unpacked once for each candidate, not for each word (OFFSET 0 keeps it apart), and without its positions,
# which the single words do not need.
FIND_SQL = f"""
WITH matched AS (
  (SELECT id FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(wanted)s::tsquery {{category}}
   ORDER BY {{by_wanted}} DESC, id DESC LIMIT {MAX_CANDIDATES})
  UNION
  (SELECT id FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(named)s::tsquery {{category}}
   ORDER BY {{by_named}} DESC, id DESC LIMIT {MAX_NAMED})
), pool AS (
  SELECT id, true AS is_match FROM matched
  UNION ALL
  SELECT id, false FROM unnest(%(near)s::bigint[]) AS near (id) WHERE id NOT IN (SELECT id FROM matched)
)
SELECT id, popularity, CASE WHEN is_match THEN round((
    relevance
    * (0.5 + popularity / 100)
    * CASE WHEN is_exact THEN 4 WHEN lexemes @@ %(named)s::tsquery THEN 2 ELSE 1 END
    )::numeric, 6)::float8 END AS relevance, is_exact,
  CASE WHEN is_match THEN %(all)s ELSE {{words}} END, {{names}}
FROM (
  SELECT id, popularity, is_match, lower(name) = %(exact)s AS is_exact, strip(search) AS lexemes,
    CASE WHEN is_match THEN ts_rank('{{{{0.1, 0.2, 0.5, 1.0}}}}', search, %(wanted)s::tsquery) END
      AS relevance
  FROM pool JOIN marketplace_listing USING (id)
  WHERE state = 'listed' {{category}}
  OFFSET 0
) AS candidate
"""  # noqa: S608 - constants only; what people type goes in as parameters


def find_candidates(
    *,
    wanted: str,
    named: str,
    text: str,
    category: str = "",
    near: Sequence[int] = (),
    terms: Sequence[tuple[str, str]] = (),
) -> list[Candidate]:
    """Return the candidates for the tsqueries ``wanted`` and ``named``, and those of ``near``, in no order.

    ``terms`` are the tsqueries of single words, anywhere and in the name, that the bits of the candidates
    stand for; ``wanted`` must need all of them. Two queries.
    """
    parameters: dict[str, Any] = {
        "wanted": wanted,
        "named": named,
        "exact": text.strip().lower(),
        "category": category,
        "near": list(near),
        "all": (1 << len(terms)) - 1,
    }
    for number, (anywhere, in_name) in enumerate(terms):
        parameters |= {f"word_{number}": anywhere, f"name_{number}": in_name}
    category_filter = "AND category = %(category)s" if category else ""
    with connection.cursor() as cursor:
        orders = choose_orders(
            cursor, parameters, category_filter=category_filter, limits=(MAX_CANDIDATES, MAX_NAMED)
        )
        statement = FIND_SQL.format(
            category=category_filter,
            words=_build_bits("word", len(terms)),
            names=_build_bits("name", len(terms)),
            **orders,
        )
        cursor.execute(statement, parameters)
        return [Candidate(*row) for row in cursor.fetchall()]


def _build_bits(kind: str, count: int) -> str:
    bits = [f"((lexemes @@ %({kind}_{number})s::tsquery)::int << {number})" for number in range(count)]
    return " + ".join(bits) or "0"
