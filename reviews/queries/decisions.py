"""Decisions: the moderators' log, the statement for the builder, and who has payouts on hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.pagination import Page, paginate
from reviews.models import Appeal, Decision, Enforcement, Notice
from reviews.queries.appeals import get_appeal_deadline, get_appeal_party
from reviews.states import EnforcementKind, EnforcementState, NoticeKind, Outcome
from workspaces.models import User

PAGE_SIZE = 40


def list_decisions(*, outcome: str = "", cursor: str = "") -> Page[Decision]:
    """Return a page of decisions, newest first. Two queries."""
    rows = Decision.objects.select_related("decider", "case__gpt", "case__submission__version")
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


@dataclass(frozen=True)
class PayoutHold:
    """A decision in force that holds a person's payouts.

    ``reasoning`` is what its statement says; empty where the reader may not see the decision.
    """

    payee_id: int
    decision_id: UUID
    reasoning: str
    since: datetime


def list_payout_holds(user_ids: Collection[int]) -> dict[int, PayoutHold]:
    """Return the oldest hold in force of each of ``user_ids`` that has one, by person. For payouts.

    Finance staff and the person themself call it, so enforcements must stay visible to both. Decisions need
    not: a hold is one whether or not its reasons may be read.
    """
    rows = list(
        Enforcement.objects.filter(
            kind=EnforcementKind.HOLD_PAYOUT, state=EnforcementState.EXECUTED, builder_id__in=user_ids
        )
        .order_by("-executed_at", "-id")
        .values_list("builder_id", "decision_id", "executed_at")
    )
    if not rows:
        return {}
    seen = Decision.objects.filter(pk__in=[decision_id for _payee, decision_id, _since in rows])
    reasons = dict(seen.values_list("pk", "reasoning"))
    return {
        payee_id: PayoutHold(payee_id, decision_id, reasons.get(decision_id, ""), since)
        for payee_id, decision_id, since in rows
        if payee_id is not None and since is not None
    }
