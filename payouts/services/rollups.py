"""Usage rollups: counted incrementally behind a watermark, and always equal to a full recount."""
# ruff: noqa: E501 - SQL, built from constants of this file and kept in readable lines

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from core.periods import Period
from payouts.models import RollupState, UsageRollup
from payouts.services.classification import refill_rollups
from payouts.services.periods import GRACE, advance_periods, open_periods
from payouts.services.rate_cards import get_first_month, get_rate_card

# Voids carry no transaction id, so the recent ones are read again.
_VOID_OVERLAP = timedelta(hours=1)


@dataclass(frozen=True)
class RollupResult:
    """Result of a run: number of new events, number of refilled days, and the new watermark (xid8)."""

    new_events: int
    days: int
    watermark: str


def roll_up(*, at: datetime, is_full: bool = False) -> RollupResult:
    """Roll up every event below the oldest transaction still running.

    The watermark is the snapshot's xmin and not the greatest id seen, so that an event of a transaction
    that commits late is not skipped. Idempotent. Concurrent runs are serialised by a row lock. Creates the
    accounting period of every month it touches (past ones in grace), so that imported use can be closed in
    order. Use from before the first rate card earns nothing and is left out. ``is_full`` resets the watermark and recounts everything. Needs a system scope.
    """
    advance_periods(at=at)
    with transaction.atomic():
        RollupState.objects.get_or_create(singleton=True)
        state = RollupState.objects.select_for_update().get()
        since = 0 if is_full else int(state.watermark)
        watermark = _snapshot_xmin()
        if is_full:
            UsageRollup.objects.all().delete()
        _freeze_verdicts(since, watermark, at)
        started = state.started_at or datetime.min.replace(tzinfo=at.tzinfo)
        voided_since = started - _VOID_OVERLAP if state.started_at else started
        first = get_first_month()
        affected = [
            found for found in _list_affected_months(since, watermark, voided_since) if found[0] >= first
        ]
        days = sum(_refill_month(month, first, watermark) for month, first, _events in affected)
        open_periods(_list_months_with_use([month for month, _first, _events in affected]), at=at)
        state.watermark, state.started_at, state.finished_at = int(watermark), at, at
        state.save()
    return RollupResult(sum(events for _month, _first, events in affected), days, watermark)


def _snapshot_xmin() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        return str(cursor.fetchone()[0])


def _freeze_verdicts(since: int, watermark: str, at: datetime) -> None:
    """Store which new events came from staff or from members of the GPT's workspace, as of now.

    A preview of the draft is a member's, also when the member has left since; imported events have no version.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payouts_usageverdict (event_id, occurred_at, verdict, reason, made_by_id, made_at)
            SELECT e.event_id, e.occurred_at, found.verdict, '', NULL, %(at)s
            FROM gpts_usageevent e
            CROSS JOIN LATERAL (
              SELECT 'affiliated' AS verdict WHERE e.workspace_id = e.gpt_workspace_id
                OR (e.version_id IS NULL AND e.source IN ('web', 'api')) OR EXISTS (
                SELECT 1 FROM workspaces_member m
                WHERE m.workspace_id = e.gpt_workspace_id AND m.user_id = e.user_id)
              UNION ALL
              SELECT 'staff' WHERE EXISTS (SELECT 1 FROM workspaces_staffrole s WHERE s.user_id = e.user_id)
            ) found
            WHERE e.xact >= %(since)s::text::xid8 AND e.xact < %(until)s::text::xid8 AND e.user_id <> e.payee_id
            ON CONFLICT (event_id, verdict) DO NOTHING
            """,
            {"at": at, "since": str(since), "until": watermark},
        )


def _list_affected_months(
    since: int, watermark: str, voided_since: datetime
) -> list[tuple[Period, date, int]]:
    """Return (month, first day to refill, number of new events). Late use refills its whole month."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH touched AS (
              SELECT occurred_at, received_at, 1 AS is_event FROM gpts_usageevent
              WHERE xact >= %(since)s::text::xid8 AND xact < %(until)s::text::xid8
              UNION ALL
              SELECT occurred_at, occurred_at, 0 FROM payouts_usageverdict
              WHERE xact >= %(since)s::text::xid8 AND made_by_id IS NOT NULL
              UNION ALL
              SELECT occurred_at, occurred_at, 0 FROM gpts_usagevoid WHERE made_at >= %(voided)s
            ), dated AS (
              SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC') AS month,
                     (occurred_at AT TIME ZONE 'UTC')::date AS day, received_at, is_event FROM touched
            )
            SELECT month::date,
                   CASE WHEN bool_or(received_at AT TIME ZONE 'UTC' >= month + interval '1 month' + %(grace)s::interval)
                        THEN month::date ELSE min(day) END,
                   sum(is_event)::int
            FROM dated GROUP BY month ORDER BY month
            """,
            {"since": str(since), "until": watermark, "voided": voided_since, "grace": f"{GRACE.days} days"},
        )
        return [
            (Period(month.year, month.month), first, events) for month, first, events in cursor.fetchall()
        ]


def _list_months_with_use(origins: Sequence[Period]) -> set[Period]:
    """Return the months in which the use happened, and the later ones in which late use is settled."""
    settled = {
        Period.parse(month)
        for origin in origins
        for month in UsageRollup.objects.filter(day__gte=origin.start.date(), day__lt=origin.end.date())
        .values_list("month", flat=True)
        .distinct()
    }
    return settled | set(origins)


def _refill_month(month: Period, first_day: date, watermark: str) -> int:
    of_month = UsageRollup.objects.filter(day__gte=month.start.date(), day__lt=month.end.date())
    # Late use is ordered after all in-time use of the month, so new in-time use changes its verdicts too.
    if of_month.exclude(month=str(month)).exists():
        first_day = month.start.date()
    after = of_month.filter(day__gte=first_day)
    after.delete()
    refill_rollups(origin=month, first_day=first_day, card=get_rate_card(month), watermark=watermark)
    return after.values("day").distinct().count()
