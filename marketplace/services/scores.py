"""Computing the figures, scores and ranks of all listings from usage events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from core.min_group import MIN_GROUP
from marketplace.page_cache import invalidate_store
from marketplace.scoring import (
    BREADTH_FULL,
    BREADTH_SHARE,
    FRESHNESS_HALF_LIFE_WEEKS,
    FRESHNESS_SHARE,
    PRIOR_COUNT,
    PRIOR_STARS,
    QUALITY_SHARE,
)

log = structlog.get_logger(__name__)

# Listings whose score changed by less than this keep their popularity, to avoid updates of the search index.
POPULARITY_STEP = 0.05

# Use of versions by outsiders only: without previews of the draft, the payee, members of the GPT's workspace
# (whatever workspace they chat in), imported and voided events. Figures of fewer than MIN_GROUP people are 0
# from here on, in the score too: everybody reads what is stored, and the published formula could be solved
# for them.
USAGE_SQL = """
WITH counted AS (
SELECT event.gpt_id,
  count(DISTINCT event.user_id) FILTER (WHERE event.occurred_at >= %(week)s) AS users_7d,
  count(DISTINCT event.user_id) FILTER (WHERE event.occurred_at >= %(month)s) AS users_28d,
  count(DISTINCT event.conversation_id) FILTER (WHERE event.occurred_at >= %(week)s) AS conversations_7d,
  count(DISTINCT event.conversation_id) FILTER (WHERE event.occurred_at >= %(month)s) AS conversations_28d,
  count(DISTINCT event.conversation_id) AS conversations_total,
  count(DISTINCT event.user_id) AS users_total
FROM gpts_usageevent event
WHERE event.occurred_at < %(at)s AND event.source IN ('web', 'api', 'seed')
  AND event.version_id IS NOT NULL
  AND event.user_id <> event.payee_id AND event.workspace_id <> event.gpt_workspace_id
  AND NOT EXISTS (SELECT FROM workspaces_member member
                  WHERE member.workspace_id = event.gpt_workspace_id AND member.user_id = event.user_id)
  AND NOT EXISTS (SELECT FROM gpts_usagevoid void WHERE void.event_id = event.event_id)
GROUP BY event.gpt_id
)
SELECT gpt_id,
  CASE WHEN users_7d >= %(min_group)s THEN users_7d ELSE 0 END AS users_7d,
  CASE WHEN users_28d >= %(min_group)s THEN users_28d ELSE 0 END AS users_28d,
  CASE WHEN users_7d >= %(min_group)s THEN conversations_7d ELSE 0 END AS conversations_7d,
  CASE WHEN users_28d >= %(min_group)s THEN conversations_28d ELSE 0 END AS conversations_28d,
  CASE WHEN users_total >= %(min_group)s THEN conversations_total ELSE 0 END AS conversations_total
FROM counted
"""

# The formula of marketplace.scoring, for all rows at once; a test compares the two.
SCORES_SQL = """
WITH parts AS (
  SELECT listing.id, listing.category, listing.state,
    COALESCE(usage.users_7d, 0) AS users_7d, COALESCE(usage.users_28d, 0) AS users_28d,
    COALESCE(usage.conversations_7d, 0) AS conversations_7d,
    COALESCE(usage.conversations_28d, 0) AS conversations_28d,
    COALESCE(usage.conversations_total, 0) AS conversations_total,
    round((%(breadth)s * least(1, ln(1 + COALESCE(usage.users_28d, 0)) / ln(1 + %(full)s)))::numeric, 2)
      AS breadth,
    round((%(quality)s * ((%(prior)s * %(stars)s + score.rating_sum) / (%(prior)s + score.rating_count) - 1)
      / 4)::numeric, 2) AS quality,
    round((%(freshness)s * power(0.5, greatest(0, floor(
      extract(epoch FROM %(at)s::timestamptz - listing.updated_at) / 604800)) / %(half_life)s))::numeric, 2)
      AS freshness,
    round((greatest(0, ln((1 + COALESCE(usage.users_7d, 0))::float8
        / (1 + greatest(0, COALESCE(usage.users_28d, 0) - COALESCE(usage.users_7d, 0)) / 3.0)) / ln(2))
      * ln(1 + COALESCE(usage.users_7d, 0)) / ln(2))::numeric, 4) AS trend
  FROM marketplace_listing listing
  JOIN marketplace_listingscore score ON score.listing_id = listing.id
  LEFT JOIN store_usage usage ON usage.gpt_id = listing.gpt_id
), ranked AS (
  SELECT id, row_number() OVER (ORDER BY breadth + quality + freshness DESC, id DESC) AS rank,
    row_number() OVER (PARTITION BY category ORDER BY breadth + quality + freshness DESC, id DESC)
      AS category_rank,
    CASE WHEN trend > 0 THEN row_number() OVER (ORDER BY trend DESC, users_7d DESC, id DESC) ELSE 0 END
      AS trend_rank
  FROM parts WHERE state = 'listed'
)
SELECT parts.*, breadth + quality + freshness AS total, COALESCE(rank, 0) AS rank,
  COALESCE(category_rank, 0) AS category_rank, COALESCE(trend_rank, 0) AS trend_rank
FROM parts LEFT JOIN ranked USING (id)
"""

WRITE_SQL = """
UPDATE marketplace_listingscore score SET
  users_7d = fresh.users_7d, users_28d = fresh.users_28d, conversations_7d = fresh.conversations_7d,
  conversations_28d = fresh.conversations_28d, conversations_total = fresh.conversations_total,
  breadth = fresh.breadth, quality = fresh.quality, freshness = fresh.freshness, score = fresh.total,
  trend = fresh.trend,
  previous_rank = CASE WHEN is_new_week THEN score.rank ELSE score.previous_rank END,
  previous_category_rank =
    CASE WHEN is_new_week THEN score.category_rank ELSE score.previous_category_rank END,
  previous_trend_rank = CASE WHEN is_new_week THEN score.trend_rank ELSE score.previous_trend_rank END,
  rank = fresh.rank, category_rank = fresh.category_rank, trend_rank = fresh.trend_rank, computed_at = %(at)s
FROM (
  SELECT store_scores.*, COALESCE(date_trunc('week', old.computed_at AT TIME ZONE 'UTC')
      < date_trunc('week', %(at)s::timestamptz AT TIME ZONE 'UTC'), false) AS is_new_week
  FROM store_scores JOIN marketplace_listingscore old ON old.listing_id = store_scores.id
) fresh
WHERE score.listing_id = fresh.id
RETURNING 1
"""

POPULARITY_SQL = """
UPDATE marketplace_listing listing SET popularity = fresh.total
FROM store_scores fresh
WHERE fresh.id = listing.id AND abs(listing.popularity - fresh.total) >= %(step)s
RETURNING 1
"""

# One statement, as the worker's role may not create temporary tables; it is told to compute each part once.
COMPUTE_SQL = f"""
WITH store_usage AS MATERIALIZED ({USAGE_SQL}),
  store_scores AS MATERIALIZED ({SCORES_SQL}),
  written AS ({WRITE_SQL}),
  moved AS ({POPULARITY_SQL})
SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM moved)
"""  # noqa: S608 - constants


@transaction.atomic
def compute_scores(*, at: datetime) -> int:
    """Compute every listing's figures, score and ranks as of ``at``; return how many there are.

    Needs a system scope, as it reads everybody's usage. Idempotent; concurrent runs wait for each other. The
    first run of a week (UTC, from Monday) copies the ranks to the previous ones.
    """
    parameters: dict[str, Any] = {
        "at": at,
        "week": at - timedelta(days=7),
        "month": at - timedelta(days=28),
        "breadth": BREADTH_SHARE,
        "full": BREADTH_FULL,
        "quality": QUALITY_SHARE,
        "prior": PRIOR_COUNT,
        "stars": PRIOR_STARS,
        "freshness": FRESHNESS_SHARE,
        "half_life": FRESHNESS_HALF_LIFE_WEEKS,
        "step": POPULARITY_STEP,
        "min_group": MIN_GROUP,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('marketplace.compute_scores'))")
        cursor.execute(COMPUTE_SQL, parameters)
        count, moved = cursor.fetchone()
    invalidate_store()
    log.info("store_scores_computed", listings=count, moved=moved)
    return int(count)
