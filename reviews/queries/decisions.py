"""Decisions for those who log them, those whom they concern, and the floor that pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.pagination import Page, paginate
from reviews.models import Appeal, Decision, Enforcement, Notice
from reviews.services.appeals import appeal_party, appeal_until
from reviews.states import EnforcementKind, EnforcementState, NoticeKind, Outcome

PAGE_SIZE = 40


def decision_log(*, outcome: str = "", cursor: str = "") -> Page[Decision]:
    """Return decisions, newest first. One query and one for their effects."""
    rows = Decision.objects.select_related("decider", "case__gpt", "case__submission__version")
    if outcome in Outcome.values:
        rows = rows.filter(outcome=outcome)
    return paginate(
        rows.prefetch_related("enforcements"), order=("-decided_at", "-id"), cursor=cursor, size=PAGE_SIZE
    )


@dataclass(frozen=True)
class AuthorsStatement:
    """A decision as its builder may see it: the notice as sent, and what can be done about it."""

    decision: Decision
    notice: Notice | None
    appeal: Appeal | None
    can_appeal: bool
    appeal_until: datetime
    is_overturned: bool


def statement_for_author(decision: Decision, user: Any, *, at: datetime) -> AuthorsStatement:
    """Return the statement of a decision that access_own_decision returned."""
    notice = (
        Notice.objects.filter(decision=decision, recipient=user)
        .exclude(kind=NoticeKind.OUTCOME)
        .order_by("created_at")
        .first()
    )
    appeal = decision.appeals.filter(appellant=user).first()
    until = appeal_until(decision)
    is_overturned = decision.overrides.exists()
    may = appeal_party(decision, user) is not None and appeal is None and at <= until and not is_overturned
    return AuthorsStatement(decision, notice, appeal, may, until, is_overturned)


def payout_holds(user_ids: list[int]) -> set[int]:
    """Return which of these people have their payouts held by a decision in force. For the floor above."""
    return set(
        Enforcement.objects.filter(
            kind=EnforcementKind.HOLD_PAYOUT, state=EnforcementState.EXECUTED, builder_id__in=user_ids
        ).values_list("builder_id", flat=True)
    )
