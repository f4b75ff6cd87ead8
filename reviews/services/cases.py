"""Opening, locking and moving cases: the part that claims, reports and decisions share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, NotFound
from reviews.models import Case, Claim
from reviews.states import QUEUE_OF_KIND, CaseAction, CaseKind, CaseState, Tier, move_case

DUE_AFTER = {
    Tier.CRITICAL: timedelta(hours=1),
    Tier.LEGAL: timedelta(hours=24),
    Tier.SECURITY: timedelta(hours=4),
    Tier.APPEAL_DUE: timedelta(days=7),
    Tier.NORMAL: timedelta(days=3),
}


def lock_case(case_id: UUID) -> Case:
    """Return the case, locked until the transaction ends. Whatever else a service locks comes after it."""
    case = (
        Case.objects.select_for_update(of=("self",))
        .select_related("gpt", "builder", "submission__version", "origin")
        .filter(pk=case_id)
        .first()
    )
    if case is None:
        raise NotFound(_("There is nothing here, or it is not for you."), code="not_found")
    return case


def live_claim(case: Case, *, at: datetime) -> Claim | None:
    return Claim.objects.select_related("moderator").filter(case=case, expires_at__gt=at).first()


def fresh_state(case: Case, *, at: datetime) -> dict[str, Any]:
    """Return what a moderator whose page is stale must know; JSON-safe."""
    claim = live_claim(case, at=at)
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


def stale(message: Any, code: str, case: Case, *, at: datetime) -> Conflict:
    return Conflict(message, code=code, data=fresh_state(case, at=at))


def advance(case: Case, action: CaseAction, *, at: datetime, **changes: Any) -> Case:
    """Move the case by one step and save it with ``changes``. Raises IllegalTransition, writing nothing."""
    case.state = move_case(case.state, action)
    case.row_version += 1
    case.closed_at = at if case.state == CaseState.CLOSED else None
    for name, value in changes.items():
        setattr(case, name, value)
    case.save(update_fields=["state", "row_version", "closed_at", *changes])
    return case


def open_case(
    *,
    kind: CaseKind,
    subject_type: str,
    subject_id: str,
    at: datetime,
    tier: Tier = Tier.NORMAL,
    **fields: Any,
) -> tuple[Case, bool]:
    """Return the one open case of this kind on this subject, locked, and whether it is new.

    The partial unique index decides a race: who loses it joins the winner's case.
    """
    subject = {"kind": kind, "subject_type": subject_type, "subject_id": subject_id}
    existing = Case.objects.select_for_update(of=("self",)).exclude(state=CaseState.CLOSED)
    while True:
        if found := existing.filter(**subject).first():
            return found, False
        try:
            with transaction.atomic():
                case = Case.objects.create(
                    **subject,
                    queue=QUEUE_OF_KIND[kind],
                    state=move_case(CaseState.OPEN, CaseAction.ENQUEUE),
                    tier=tier,
                    opened_at=at,
                    due_at=at + DUE_AFTER[tier],
                    **fields,
                )
        except IntegrityError:
            continue
        return case, True
