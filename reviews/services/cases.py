"""Opening, locking and advancing cases: what claims, reports and decisions share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, NotFound
from reviews.models import Case, Claim
from reviews.rules import get_conflict_of_interest, sees_restricted
from reviews.states import QUEUE_BY_KIND, CaseAction, CaseKind, CaseState, Tier, move_case
from workspaces.models import User

DUE_AFTER = {
    Tier.CRITICAL: timedelta(hours=1),
    Tier.LEGAL: timedelta(hours=24),
    Tier.SECURITY: timedelta(hours=4),
    Tier.APPEAL_DUE: timedelta(days=7),
    Tier.NORMAL: timedelta(days=3),
}


def lock_case(case_id: UUID, *, by: User | None = None) -> Case:
    """Return the case, locked until the transaction ends. Services lock it before any other row.

    With ``by``, NotFound for a case of the restricted lane that this person may not see.
    """
    case = (
        Case.objects.select_for_update(of=("self",))
        .select_related("gpt", "builder", "submission__version", "origin")
        .filter(pk=case_id)
        .first()
    )
    if case is None or (by is not None and case.is_restricted and not sees_restricted(by)):
        raise NotFound(_("There is nothing here, or it is not for you."), code="not_found")
    return case


def get_live_claim(case: Case, *, at: datetime) -> Claim | None:
    return Claim.objects.select_related("moderator").filter(case=case, expires_at__gt=at).first()


def describe_case_state(case: Case, *, at: datetime) -> dict[str, Any]:
    """Return the current state for a moderator whose page is stale; JSON-safe."""
    claim = get_live_claim(case, at=at)
    decision = case.decisions.order_by("-round").first()
    return {
        "state": case.state,
        "state_label": str(CaseState(case.state).label),
        "row_version": case.row_version,
        "round": case.round,
        "claimed_by": "" if claim is None else str(claim.moderator),
        "claim_expires_at": None if claim is None else claim.expires_at.isoformat(),
        "decision_id": None if decision is None else str(decision.pk),
        "outcome": "" if decision is None else decision.outcome,
    }


def build_case_conflict(message: Any, code: str, case: Case, *, at: datetime) -> Conflict:
    """Return a Conflict that carries the current state of the case."""
    return Conflict(message, code=code, data=describe_case_state(case, at=at))


def check_may_judge(user: User, case: Case) -> None:
    """Raise Forbidden when ``user`` is involved in the case."""
    if why := get_conflict_of_interest(user, case):
        raise Forbidden(
            _("You cannot judge this case: you are involved in it. A colleague has to."),
            code="conflict_of_interest",
            data={"why": why},
        )


def advance_case(case: Case, action: CaseAction, *, at: datetime, **changes: Any) -> Case:
    """Move the case by one step and save it with ``changes``. Raises IllegalTransition, writing nothing."""
    case.state = move_case(case.state, action)
    case.row_version += 1
    case.closed_at = at if case.state == CaseState.CLOSED else None
    for name, value in changes.items():
        setattr(case, name, value)
    case.save(update_fields=["state", "row_version", "closed_at", *changes])
    return case


def get_or_open_case(
    *,
    kind: CaseKind,
    subject_type: str,
    subject_id: str,
    at: datetime,
    is_restricted: bool = False,
    tier: Tier = Tier.NORMAL,
    **fields: Any,
) -> tuple[Case, bool]:
    """Return the one open case of this kind on this subject, locked, and whether it is new.

    The restricted lane has cases of its own, so that none is taken out of or put into a moderator's hands.
    A partial unique index decides races: the loser joins the winner's case.
    """
    subject = {
        "kind": kind,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "is_restricted": is_restricted,
    }
    existing = Case.objects.select_for_update(of=("self",)).exclude(state=CaseState.CLOSED)
    while True:
        if found := existing.filter(**subject).first():
            return found, False
        try:
            with transaction.atomic():
                case = Case.objects.create(
                    **subject,
                    queue=QUEUE_BY_KIND[kind],
                    state=move_case(CaseState.OPEN, CaseAction.ENQUEUE),
                    tier=tier,
                    opened_at=at,
                    due_at=at + DUE_AFTER[tier],
                    **fields,
                )
        except IntegrityError:
            continue
        return case, True


@transaction.atomic
def record_pictures_shown(*, case: Case, by: User, at: datetime) -> None:
    """Record that ``by`` asked to see the pictures of a case. Audited."""
    record(action="reviews.pictures_shown", by=by, at=at, subject=case)
