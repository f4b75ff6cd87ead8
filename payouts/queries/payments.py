"""Statements, batches, payouts and rate cards as finance reads them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum

from core.periods import Period
from payouts.models import Batch, Payout, RateCard, Statement, Transition
from payouts.services.gates import Candidate, candidates
from payouts.services.rates import card_for
from payouts.states import ENDED_UNPAID, PayoutState
from workspaces.models import User


def statements(*, month: str = "", text: str = "") -> QuerySet[Statement]:
    """Return issued statements of all payees, of one month, by a part of the payee's name."""
    found = Statement.objects.select_related("period", "payee")
    if month:
        found = found.filter(period__month=month)
    return found.filter(payee_name__icontains=text) if text else found


def batches() -> QuerySet[Batch]:
    """Return batches without their files, with ``payout_count`` and ``total_minor`` of what counts."""
    counts = ~Q(payouts__state__in=ENDED_UNPAID)
    return (
        Batch.objects.defer("file_bytes")
        .select_related("created_by", "approved_by")
        .annotate(
            payout_count=Count("payouts", filter=counts),
            total_minor=Sum("payouts__amount_minor", filter=counts, default=0),
        )
    )


def payouts_in(batch: Batch) -> QuerySet[Payout]:
    return batch.payouts.select_related("payee").order_by("pk")


def payouts_of(user: User) -> QuerySet[Payout]:
    """Return the person's own payouts, newest first, without mere proposals."""
    return (
        Payout.objects.filter(payee=user)
        .exclude(state__in=[PayoutState.QUEUED, PayoutState.CANCELLED])
        .order_by("-pk")
    )


def journey_of(batch: Batch) -> list[Transition]:
    return list(batch.transitions.select_related("actor").order_by("pk"))


def waiting(*, currency: str, at: datetime) -> list[Candidate]:
    """Return everybody with money available and, where they cannot be paid, why."""
    minimum = card_for(Period.containing(at)).minimum_payout_minor
    return candidates(currency=currency, minimum_minor=minimum, at=at)


def rate_cards() -> list[RateCard]:
    """Return all rate cards with their lines, newest first."""
    return list(RateCard.objects.select_related("created_by").prefetch_related("lines").order_by("-version"))


def newest_rate_card() -> RateCard | None:
    return RateCard.objects.prefetch_related("lines").order_by("-version").first()
