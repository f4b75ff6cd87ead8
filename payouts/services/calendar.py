"""Accounting months as rows: making them, and moving them on with time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from core.periods import Period
from payouts.models import AccountingPeriod
from payouts.models.periods import GRACE_HOURS
from payouts.services.transitions import move
from payouts.states import PeriodState

GRACE = timedelta(hours=GRACE_HOURS)


def open_period(period: Period, *, at: datetime) -> AccountingPeriod:
    """Return the row of the month, made open when it is new; safe to call at the same moment twice."""
    row, _is_new = AccountingPeriod.objects.get_or_create(
        month=str(period), defaults={"currency": settings.PAYOUT_CURRENCY}
    )
    return row


def advance_periods(*, at: datetime) -> list[str]:
    """Make the row of the month of ``at`` and move ended months into grace; returns those moved."""
    return open_periods([], at=at)


def open_periods(touched: Iterable[Period], *, at: datetime) -> list[str]:
    """Do as advance_periods, and make the rows of the ``touched`` months that had none before.

    Use may be imported for any past month: without a row it could be neither seen nor closed. A closed
    month stays as it is; its late use goes into the open one.
    """
    moved = []
    with transaction.atomic():
        current = open_period(Period.containing(at), at=at)
        for period in sorted(set(touched)):
            open_period(period, at=at)
        ended = AccountingPeriod.objects.select_for_update().filter(
            state=PeriodState.OPEN, month__lt=current.month
        )
        for row in ended.order_by("month"):
            move(row, PeriodState.GRACE, by=None, at=at, reason="The month ended.")
            moved.append(row.month)
    return moved


def closable_from(period: Period) -> datetime:
    return period.end + GRACE
