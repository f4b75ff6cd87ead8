"""How people's reports and listings held up: accuracy, strikes, the state of a builder."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from reviews.models import Enforcement, Report, Standing, Strike
from reviews.states import BuilderAction, BuilderState, move_builder

STRIKE_LASTS = timedelta(days=365)
# Weights of a report in thousandths.
WEIGHT_VISITOR = 500
WEIGHT_NEW_ACCOUNT = 300
WEIGHT_TRUSTED = 3_000
NEW_ACCOUNT = timedelta(days=7)


def give_strike(enforcement: Enforcement, *, at: datetime) -> None:
    """Count the decision against the builder for a year; one strike a decision, however many effects."""
    if enforcement.builder_id is not None:
        Strike.objects.get_or_create(
            decision_id=enforcement.decision_id,
            defaults={"user_id": enforcement.builder_id, "given_at": at, "expires_at": at + STRIKE_LASTS},
        )


def take_strike_back(enforcement: Enforcement, *, at: datetime) -> None:
    Strike.objects.filter(decision_id=enforcement.decision_id, removed_at__isnull=True).update(removed_at=at)


def move_standing(user_id: int | None, action: BuilderAction) -> BuilderState:
    """Move the builder's state and return the one before."""
    assert user_id is not None, "a case about a builder has one"
    Standing.objects.get_or_create(user_id=user_id)
    standing = Standing.objects.select_for_update(of=("self",)).get(user_id=user_id)
    before = BuilderState(standing.builder_state)
    standing.builder_state = move_builder(before, action)
    standing.save(update_fields=["builder_state"])
    return before


def report_weight(user: Any | None, *, at: datetime) -> int:
    """Return what a report by ``user`` (None: a visitor) weighs, in thousandths of an ordinary one."""
    if user is None:
        return WEIGHT_VISITOR
    standing = Standing.objects.filter(user=user).first()
    if standing is not None and standing.is_trusted_flagger:
        return WEIGHT_TRUSTED
    if user.created_at > at - NEW_ACCOUNT:
        return WEIGHT_NEW_ACCOUNT
    upheld = standing.reports_upheld if standing else 0
    rejected = standing.reports_rejected if standing else 0
    # Accuracy with one report of each kind assumed, so that nobody starts at an extreme.
    return round(2_000 * (upheld + 1) / (upheld + rejected + 2))


def count_reports(reports: list[Report], *, upheld: bool) -> None:
    """Add the outcome of a case to its reporters' record."""
    column = "reports_upheld" if upheld else "reports_rejected"
    for identifier in sorted({report.reporter_id for report in reports if report.reporter_id is not None}):
        Standing.objects.get_or_create(user_id=identifier)
        Standing.objects.filter(user_id=identifier).update(**{column: F(column) + 1})
