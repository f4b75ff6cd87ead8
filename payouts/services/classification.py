"""Gives every usage event of a month its verdict. One query serves both the rollups and the close."""
# ruff: noqa: E501 - SQL, built from constants of this file and kept in readable lines

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from core.periods import Period
from payouts.models import RateCard
from payouts.services.periods import GRACE

# Usage that arrives later than this after it happened is quarantined and not paid.
LATE_DAYS = 35
CLOCK_SKEW_MINUTES = 5
# This many gaps of the same length (to the second) between a user's requests in a day mean a bot.
REGULAR_PAUSES = 30
REGULAR_SPREAD_SECONDS = 1.0

# Windows are ordered by (accounting month, time, id), so that a late event cannot change the verdict of an
# earlier one. Only append-only rows are read: events, voids, verdicts, versions and the month's rate card.
_SQL = """
WITH base AS (
  SELECT e.event_id, e.user_id, e.payee_id, e.gpt_id, e.gpt_workspace_id, e.conversation_id, e.occurred_at,
         e.input_tokens, e.output_tokens, e.is_paid_user, e.is_regeneration, e.is_estimated,
         -- The payee's own provider decides how long an answer is, so its tokens are never paid by length.
         CASE WHEN e.provider_workspace_id IS NULL THEN e.output_tokens ELSE 0 END AS paid_tokens,
         (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
         CASE WHEN e.received_at < %(cutoff)s THEN %(month)s
              ELSE to_char((e.received_at - %(grace)s::interval) AT TIME ZONE 'UTC', 'YYYY-MM') END AS month,
         e.occurred_at > e.received_at + make_interval(mins => %(skew)s)
           OR e.received_at >= %(cutoff)s AND e.received_at - e.occurred_at > make_interval(days => %(late)s)
           AS is_quarantined,
         COALESCE(v.category, '') AS category, void.event_id IS NOT NULL AS is_void,
         COALESCE(found.verdicts, '{}') AS verdicts
  FROM gpts_usageevent e
  LEFT JOIN gpts_version v ON v.id = e.version_id
  LEFT JOIN gpts_usagevoid void ON void.event_id = e.event_id
  LEFT JOIN (
    SELECT event_id, array_agg(verdict::text) AS verdicts FROM payouts_usageverdict
    WHERE occurred_at >= %(start)s AND occurred_at < %(end)s GROUP BY event_id
  ) found ON found.event_id = e.event_id
  WHERE e.occurred_at >= %(start)s AND e.occurred_at < %(end)s AND e.xact < %(watermark)s::text::xid8
    AND (%(first_day)s::date = %(start_day)s::date OR e.user_id IN (
      SELECT u.user_id FROM gpts_usageevent u
      WHERE u.occurred_at >= %(first_day)s::date::timestamp AT TIME ZONE 'UTC' AND u.occurred_at < %(end)s))
), paced AS (
  SELECT base.*, count(*) OVER (PARTITION BY user_id, day, month) AS uses_that_day,
         extract(epoch FROM occurred_at - lag(occurred_at) OVER (
           PARTITION BY user_id, day, month ORDER BY occurred_at, event_id))::float8 AS pause
  FROM base
), patterned AS (
  SELECT paced.*, count(pause) OVER w AS pauses, stddev_pop(pause) OVER w AS spread
  FROM paced WINDOW w AS (PARTITION BY user_id, day, month)
), classified AS (
  SELECT patterned.*, CASE
    WHEN is_void THEN 'void'
    WHEN is_quarantined THEN 'quarantined'
    WHEN 'fraud' = ANY(verdicts) THEN 'fraud'
    WHEN user_id = payee_id THEN 'self_use'
    WHEN 'affiliated' = ANY(verdicts) THEN 'affiliated'
    WHEN 'staff' = ANY(verdicts) THEN 'staff'
    WHEN uses_that_day > %(automation)s OR pauses >= %(regular)s AND spread < %(spread)s THEN 'automation'
    WHEN is_regeneration THEN 'regeneration'
    WHEN output_tokens < %(shortest)s THEN 'too_short'
    WHEN NOT is_paid_user AND NOT %(pays_free)s THEN 'free_user'
    ELSE 'qualified' END AS first_verdict
  FROM patterned
), capped AS (
  SELECT classified.*, CASE WHEN first_verdict = 'qualified' AND (
    %(cap_day)s > 0 AND row_number() OVER (
      PARTITION BY first_verdict, user_id, gpt_id, day ORDER BY month, occurred_at, event_id) > %(cap_day)s
    OR %(cap_month)s > 0 AND row_number() OVER (
      PARTITION BY first_verdict, user_id ORDER BY month, occurred_at, event_id) > %(cap_month)s
  ) THEN 'capped' ELSE first_verdict END AS verdict
  FROM classified
), counted AS (
  SELECT capped.*, (verdict = 'qualified' AND row_number() OVER (
    PARTITION BY verdict, conversation_id, gpt_id, user_id ORDER BY month, occurred_at, event_id) = 1)::int AS is_first
  FROM capped
)
"""

_UNITS = """count(*) FILTER (WHERE is_first = 1), count(*), sum(input_tokens)::bigint, sum(paid_tokens)::bigint,
  count(*) FILTER (WHERE is_estimated)"""

_REFILL = (
    _SQL
    + """
INSERT INTO payouts_usagerollup (day, month, payee_id, gpt_id, gpt_workspace_id, category, is_paid_user, verdict,
                                 conversations, messages, input_tokens, output_tokens, estimated)
SELECT day, month, payee_id, gpt_id, gpt_workspace_id, category, is_paid_user, verdict, """
    + _UNITS
    + """
FROM counted WHERE day >= %(first_day)s::date GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
)

_COUNT = (
    _SQL
    + "SELECT payee_id, gpt_id, category, verdict, "
    + _UNITS
    + """, %(month)s::text
FROM counted WHERE month = %(accounted)s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
)

_EVENTS = (
    _SQL
    + """
SELECT event_id, occurred_at, user_id, verdict, category, input_tokens, output_tokens, paid_tokens, is_first = 1,
  is_estimated
FROM counted WHERE payee_id = %(payee_id)s AND gpt_id = %(gpt_id)s
  AND (%(after)s::uuid IS NULL OR event_id > %(after)s::uuid) ORDER BY event_id LIMIT %(limit)s
"""
)


@dataclass(frozen=True)
class UsageCount:
    """Units of one payee, GPT, category and verdict. ``origin`` is the month (YYYY-MM) in which they were used.

    ``output_tokens`` leaves out answers of the payee's own provider; ``estimated`` is the number of answers
    whose tokens are estimates.
    """

    payee_id: int
    gpt_id: int
    category: str
    verdict: str
    conversations: int
    messages: int
    input_tokens: int
    output_tokens: int
    origin: str
    estimated: int = 0


@dataclass(frozen=True)
class ClassifiedEvent:
    """Metadata of one usage event with its verdict. ``paid_tokens`` are those that count for the length."""

    event_id: UUID
    occurred_at: datetime
    user_id: int
    verdict: str
    category: str
    input_tokens: int
    output_tokens: int
    paid_tokens: int
    opens_conversation: bool
    is_estimated: bool


def count_units(*, origin: Period, accounted: Period, card: RateCard, watermark: str) -> list[UsageCount]:
    """Return the units that were used in ``origin`` and are settled in ``accounted``, from the raw events."""
    arguments = _arguments(origin, card, watermark) | {"accounted": str(accounted)}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, arguments)
        # The row is in the order of the fields; the last two are the other way round.
        return [UsageCount(*(*row[:8], row[9], row[8])) for row in cursor.fetchall()]


def refill_rollups(*, origin: Period, first_day: date, card: RateCard, watermark: str) -> None:
    """Insert the rollups of ``first_day`` (UTC) to the month's end; the caller has deleted the old ones."""
    with connection.cursor() as cursor:
        cursor.execute(_REFILL, _arguments(origin, card, watermark) | {"first_day": first_day})


def list_classified_events(
    *,
    origin: Period,
    card: RateCard,
    watermark: str,
    payee_id: int,
    gpt_id: int,
    after: str | None,
    limit: int,
) -> list[ClassifiedEvent]:
    """Return metadata of single events with their verdicts, oldest first, without content."""
    arguments = _arguments(origin, card, watermark)
    arguments |= {"payee_id": payee_id, "gpt_id": gpt_id, "after": after, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, arguments)
        return [ClassifiedEvent(*row) for row in cursor.fetchall()]


def _arguments(origin: Period, card: RateCard, watermark: str) -> dict[str, Any]:
    return {
        "month": str(origin),
        "start": origin.start,
        "end": origin.end,
        "start_day": origin.start.date(),
        "first_day": origin.start.date(),
        "cutoff": origin.end + GRACE,
        "grace": GRACE,
        "watermark": watermark,
        "late": LATE_DAYS,
        "skew": CLOCK_SKEW_MINUTES,
        "regular": REGULAR_PAUSES,
        "spread": REGULAR_SPREAD_SECONDS,
        "automation": card.automation_per_day,
        "shortest": card.minimum_output_tokens,
        "pays_free": card.pays_free_users,
        "cap_day": card.cap_user_gpt_day,
        "cap_month": card.cap_user_month,
    }
