"""Excluding single usage events from payment after an investigation."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, NotFound
from core.periods import Period
from gpts.metering.models import UsageEvent
from payouts.models import AccountingPeriod, UsageVerdict
from payouts.services.transitions import clean_reason
from payouts.states import PeriodState, Verdict
from workspaces.models import User


def exclude_event(*, event_id: UUID, by: User, at: datetime, reason: str) -> UsageVerdict:
    """Give one event the verdict fraud before its month closes; the event itself stays unchanged.

    Idempotent. Locks the month. Raises NotFound for an unknown event, Conflict once the month is closed,
    InvalidInput without a reason.
    """
    with transaction.atomic():
        event = UsageEvent.objects.filter(event_id=event_id).first()
        if event is None:
            raise NotFound(_("There is no such use."), code="event_missing")
        month = str(Period.containing(event.occurred_at))
        row = AccountingPeriod.objects.select_for_update().filter(month=month).first()
        if row is not None and row.state == PeriodState.CLOSED:
            raise Conflict(_explain_closed(month), code="period_closed")
        verdict, is_new = UsageVerdict.objects.get_or_create(
            event_id=event_id,
            verdict=Verdict.FRAUD,
            defaults={
                "occurred_at": event.occurred_at,
                "reason": clean_reason(reason),
                "made_by_id": by.pk,
                "made_at": at,
            },
        )
        if is_new:
            record(
                action="payouts.event_excluded", by=by, at=at, subject=("gpts.usageevent", str(event_id)),
                reason=verdict.reason,
            )  # fmt: skip
    return verdict


def explain_why_kept(*, verdict: str, month: str, is_closed: bool) -> str:
    """Return why a use of ``month`` cannot be excluded, or need not be; empty when it can."""
    if verdict == Verdict.FRAUD:
        return gettext("Already excluded.")
    if verdict != Verdict.QUALIFIED:
        return gettext("Not paid, so there is nothing to exclude.")
    return _explain_closed(month) if is_closed else ""


def _explain_closed(month: str) -> str:
    return gettext("%(month)s is closed; what was paid can only be taken back in the open month.") % {
        "month": month
    }
