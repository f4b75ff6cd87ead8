"""Ending holds: earnings become available once their card's days are over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from core.periods import Period
from payouts.models import JournalEntry
from payouts.services.ledger import Draft, available, pending, post, take_turns
from payouts.states import EntryKind, PeriodState
from workspaces.models import User


def release_due(*, at: datetime, by: User | None = None) -> int:
    """Move every elapsed hold from Pending to Available; returns how many. Safe to run twice.

    Days count from the end of the month that was earned in, to the second.
    """
    with transaction.atomic():
        take_turns()
        drafts = [draft for entry in _unreleased() if (draft := _draft(entry, at)) is not None]
        if drafts:
            post(drafts, by=by, at=at)
    return len(drafts)


def _unreleased() -> list[JournalEntry]:
    released = JournalEntry.objects.filter(kind=EntryKind.RELEASE).values("idempotency_key")
    return list(
        JournalEntry.objects.filter(
            kind__in=[EntryKind.ALLOCATE, EntryKind.LATE],
            reversed_by__isnull=True,
            period__state=PeriodState.CLOSED,
        )
        .annotate(release_key=Concat(Value("release:"), F("idempotency_key")))
        .exclude(release_key__in=released)
        .select_related("period__rate_card")
        .prefetch_related("postings__account")
        .order_by("pk")
    )


def _draft(entry: JournalEntry, at: datetime) -> Draft | None:
    card = entry.period.rate_card
    days = 0 if card is None else card.hold_days
    if at < Period.parse(entry.period.month).end + timedelta(days=days):
        return None
    leg = next(leg for leg in entry.postings.all() if leg.account.name.endswith(":Pending"))
    payee_id = leg.account.payee_id
    assert payee_id is not None  # Pending accounts are always somebody's
    return Draft(
        EntryKind.RELEASE,
        f"release:{entry.idempotency_key}",
        f"Hold of {entry.period.month} elapsed",
        leg.currency,
        [(pending(payee_id), -leg.amount_minor), (available(payee_id), leg.amount_minor)],
    )
