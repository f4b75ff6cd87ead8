"""Keeping the queue's order right while time passes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from reviews.checks.copies import CATCH_UP, catch_up
from reviews.models import Case
from reviews.services.reports import report_risk
from reviews.states import CaseKind, CaseState, Tier

APPEAL_IS_NEAR = timedelta(days=2)


@transaction.atomic
def refresh_queue(*, at: datetime) -> None:
    """Lift appeals that are due within two days, let old reports lose their weight, sketch new listings."""
    catch_up(limit=CATCH_UP)
    Case.objects.filter(
        kind=CaseKind.APPEAL, state=CaseState.QUEUED, due_at__lt=at + APPEAL_IS_NEAR, tier__gt=Tier.APPEAL_DUE
    ).update(tier=Tier.APPEAL_DUE)
    waiting = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(
        kind=CaseKind.REPORT, state=CaseState.QUEUED
    )
    for case in waiting.order_by("id")[:500]:
        risk = report_risk(case, at=at)
        if risk != case.risk:
            case.risk = risk
            case.save(update_fields=["risk"])
