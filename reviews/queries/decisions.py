"""Decisions: the moderators' log, the statement for the builder, and who has payouts on hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.pagination import Page, paginate
from reviews.models import Appeal, Decision, Enforcement, Notice
from reviews.queries.appeals import get_appeal_deadline, get_appeal_party
from reviews.rules import sees_restricted
from reviews.states import EnforcementKind, EnforcementState, NoticeKind, Outcome
from workspaces.models import User

PAGE_SIZE = 40


def list_decisions(user: User, *, outcome: str = "", cursor: str = "") -> Page[Decision]:
    """Return a page of the decisions that ``user``, a moderator, may see, newest first. Two queries."""
    rows = Decision.objects.select_related("decider", "case__gpt", "case__submission__version")
    if not sees_restricted(user):
        rows = rows.filter(case__is_restricted=False)
    if outcome in Outcome.values:
        rows = rows.filter(outcome=outcome)
    return paginate(
        rows.prefetch_related("enforcements"), order=("-decided_at", "-id"), cursor=cursor, size=PAGE_SIZE
    )


@dataclass(frozen=True)
class AuthorStatement:
    """A decision as its builder may see it: the notice as sent, and whether an appeal is possible."""

    decision: Decision
    notice: Notice | None
    appeal: Appeal | None
    can_appeal: bool
    appeal_until: datetime
    is_overturned: bool


def get_author_statement(decision: Decision, user: User, *, at: datetime) -> AuthorStatement:
    """Return the statement of a decision that access_own_decision returned."""
    notice = (
        Notice.objects.filter(decision=decision, recipient=user)
        .exclude(kind=NoticeKind.OUTCOME)
        .order_by("created_at")
        .first()
    )
    appeal = decision.appeals.filter(appellant=user).first()
    deadline = get_appeal_deadline(decision)
    is_overturned = decision.overrides.exists()
    can_appeal = (
        get_appeal_party(decision, user) is not None
        and appeal is None
        and at <= deadline
        and not is_overturned
    )
    return AuthorStatement(decision, notice, appeal, can_appeal, deadline, is_overturned)


def list_held_payees(user_ids: list[int]) -> set[int]:
    """Return those of ``user_ids`` whose payouts are held by a decision in force. For payouts."""
    return set(
        Enforcement.objects.filter(
            kind=EnforcementKind.HOLD_PAYOUT, state=EnforcementState.EXECUTED, builder_id__in=user_ids
        ).values_list("builder_id", flat=True)
    )
