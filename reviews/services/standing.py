"""People's record: accuracy of their reports, strikes against them, their state as a builder."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from reviews.models import Enforcement, Report, Standing, Strike
from reviews.states import BuilderAction, BuilderState, move_builder
from workspaces.models import User
from workspaces.services.notifications import notify

STRIKE_LASTS = timedelta(days=365)
# Weights of a report in thousandths.
WEIGHT_VISITOR = 500
WEIGHT_NEW_ACCOUNT = 300
WEIGHT_TRUSTED = 3_000
NEW_ACCOUNT = timedelta(days=7)
# Unfounded reports after which their author is warned, and after each of which they are paused.
WARN_AFTER, PAUSE_AFTER = 5, 10
PAUSE = timedelta(days=30)


def add_strike(enforcement: Enforcement, *, at: datetime) -> None:
    """Count the decision against the builder for a year; one strike a decision, however many enforcements."""
    if enforcement.builder_id is not None:
        Strike.objects.get_or_create(
            decision_id=enforcement.decision_id,
            defaults={"user_id": enforcement.builder_id, "given_at": at, "expires_at": at + STRIKE_LASTS},
        )


def remove_strike(enforcement: Enforcement, *, at: datetime) -> None:
    """Undo ``add_strike``; the row stays as a record."""
    Strike.objects.filter(decision_id=enforcement.decision_id, removed_at__isnull=True).update(removed_at=at)


def change_builder_state(user_id: int | None, action: BuilderAction) -> BuilderState:
    """Apply ``action`` to the builder's state and return the previous one."""
    assert user_id is not None, "a case about a builder has one"
    Standing.objects.get_or_create(user_id=user_id)
    standing = Standing.objects.select_for_update(of=("self",)).get(user_id=user_id)
    previous = BuilderState(standing.builder_state)
    standing.builder_state = move_builder(previous, action)
    standing.save(update_fields=["builder_state"])
    return previous


def compute_report_weight(user: User | None, *, at: datetime) -> int:
    """Return the weight of a report by ``user`` (None: a visitor), in thousandths of an ordinary one."""
    if user is None:
        return WEIGHT_VISITOR
    standing = Standing.objects.filter(user=user).first()
    if standing is not None and standing.is_trusted_flagger:
        return WEIGHT_TRUSTED
    if user.created_at > at - NEW_ACCOUNT:
        return WEIGHT_NEW_ACCOUNT
    upheld = standing.reports_upheld if standing else 0
    rejected = standing.reports_rejected if standing else 0
    # Accuracy with one upheld and one rejected report assumed, so that nobody starts at an extreme.
    return round(2_000 * (upheld + 1) / (upheld + rejected + 2))


def record_report_outcomes(reports: list[Report], *, upheld: bool, at: datetime) -> None:
    """Count the outcome of a case in its reporters' records; warn or pause whoever is seldom right."""
    column = "reports_upheld" if upheld else "reports_rejected"
    for user_id in sorted({report.reporter_id for report in reports if report.reporter_id is not None}):
        Standing.objects.get_or_create(user_id=user_id)
        Standing.objects.filter(user_id=user_id).update(**{column: F(column) + 1})
        if not upheld:
            _check_accuracy(Standing.objects.select_related("user").get(user_id=user_id), at=at)


def _check_accuracy(standing: Standing, *, at: datetime) -> None:
    """Warn at WARN_AFTER unfounded reports, and pause at every PAUSE_AFTER, without one in five upheld.

    Earlier reports stay as they are. Trusted flaggers are left to the operator.
    """
    rejected = standing.reports_rejected
    is_seldom_right = standing.reports_upheld * 4 < rejected
    if standing.is_trusted_flagger or not is_seldom_right:
        return
    if rejected % PAUSE_AFTER == 0:
        standing.reporting_suspended_until = at + PAUSE
        standing.save(update_fields=["reporting_suspended_until"])
    elif rejected != WARN_AFTER:
        return
    user = standing.user
    with translation.override(user.language or settings.LANGUAGE_CODE):
        if rejected == WARN_AFTER:
            title = _("Most of your reports did not hold up")
            body = _(
                "Report what you have seen yourself. If it goes on, your reports are paused for a month."
            )
        else:
            title = _("Your reports are paused for a month")
            body = _("Too many did not hold up. Those that wait are still read.")
        notify(user=user, kind="reviews.reporting_accuracy", title=title, body=body, at=at)
