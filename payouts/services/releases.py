"""Releasing earnings: Pending becomes Available once the rate card's hold days are over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from core.periods import Period
from payouts.models import JournalEntry
from payouts.services.ledger import EntryDraft, available_account, lock_ledger, pending_account, post_entries
from payouts.states import EntryKind, PeriodState
from workspaces.models import User


def release_due_earnings(*, at: datetime, by: User | None = None) -> int:
    """Post all earnings whose hold days are over from Pending to Available; returns the number of entries.

    Hold days are counted from the end of the month (UTC) of the entry, to the second. Idempotent: each
    allocation has one release key. Takes the ledger lock.
    """
    with transaction.atomic():
        lock_ledger()
        drafts = [draft for entry in _list_unreleased_entries() if (draft := _draft(entry, at)) is not None]
        if drafts:
            post_entries(drafts, by=by, at=at)
    return len(drafts)


def _list_unreleased_entries() -> list[JournalEntry]:
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


def _draft(entry: JournalEntry, at: datetime) -> EntryDraft | None:
    card = entry.period.rate_card
    days = 0 if card is None else card.hold_days
    if at < Period.parse(entry.period.month).end + timedelta(days=days):
        return None
    leg = next(leg for leg in entry.postings.all() if leg.account.name.endswith(":Pending"))
    payee_id = leg.account.payee_id
    assert payee_id is not None  # Pending accounts belong to a payee
    return EntryDraft(
        EntryKind.RELEASE,
        f"release:{entry.idempotency_key}",
        f"Hold of {entry.period.month} elapsed",
        leg.currency,
        [(pending_account(payee_id), -leg.amount_minor), (available_account(payee_id), leg.amount_minor)],
    )
