"""Payout batches, payouts, and payees with money available."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum

from core.periods import Period
from payouts.models import Batch, Payout, Transition
from payouts.services.eligibility import PayoutCandidate, list_candidates
from payouts.services.rate_cards import get_rate_card
from payouts.states import ENDED_UNPAID, UNPAID_BATCHES, PayoutState
from workspaces.models import User


def list_batches() -> QuerySet[Batch]:
    """Return batches without their files, with ``payout_count`` and ``total_minor``.

    Both leave out payouts that failed or were cancelled, unless the whole batch was.
    """
    counts = ~Q(payouts__state__in=ENDED_UNPAID) | Q(state__in=UNPAID_BATCHES)
    return (
        Batch.objects.defer("file_bytes")
        .select_related("created_by", "approved_by")
        .annotate(
            payout_count=Count("payouts", filter=counts),
            total_minor=Sum("payouts__amount_minor", filter=counts, default=0),
        )
    )


def list_batch_payouts(batch: Batch) -> QuerySet[Payout]:
    return batch.payouts.select_related("payee").order_by("pk")


def list_counted_payouts(batch: Batch, payouts: Sequence[Payout]) -> list[Payout]:
    """Return those of the batch's ``payouts`` that its sums count, as in list_batches."""
    return [row for row in payouts if batch.state in UNPAID_BATCHES or row.state not in ENDED_UNPAID]


def list_batch_transitions(batch: Batch) -> list[Transition]:
    return list(batch.transitions.select_related("actor").order_by("pk"))


def list_own_payouts(user: User) -> QuerySet[Payout]:
    """Return the user's own payouts, newest first, without proposed and cancelled ones."""
    return (
        Payout.objects.filter(payee=user)
        .exclude(state__in=[PayoutState.QUEUED, PayoutState.CANCELLED])
        .order_by("-pk")
    )


def list_payees_with_balance(*, currency: str, at: datetime) -> list[PayoutCandidate]:
    """Return every payee with money available and, for those who cannot be paid now, the reason."""
    minimum = get_rate_card(Period.containing(at)).minimum_payout_minor
    return list_candidates(currency=currency, minimum_minor=minimum, at=at)
