"""Keeping tiers and risks of queued cases up to date as time passes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from reviews.models import Case
from reviews.services.reports import compute_report_risk
from reviews.states import CaseKind, CaseState, Tier

APPEAL_DUE_SOON = timedelta(days=2)


@transaction.atomic
def refresh_queue_order(*, at: datetime) -> None:
    """Raise appeals due within two days to their own tier and recompute the risk of reported cases."""
    Case.objects.filter(
        kind=CaseKind.APPEAL,
        state=CaseState.QUEUED,
        due_at__lt=at + APPEAL_DUE_SOON,
        tier__gt=Tier.APPEAL_DUE,
    ).update(tier=Tier.APPEAL_DUE)
    reported = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(
        kind=CaseKind.REPORT, state=CaseState.QUEUED
    )
    for case in reported.order_by("id")[:500]:
        risk = compute_report_risk(case, at=at)
        if risk != case.risk:
            case.risk = risk
            case.save(update_fields=["risk"])
