"""Holding a weighty decision until a second person has confirmed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from reviews.models import Case, Decision
from reviews.services.cases import advance, lock_case, open_case
from reviews.states import (
    CaseAction,
    CaseKind,
    EnforcementAction,
    EnforcementState,
    Outcome,
    Tier,
    move_enforcement,
)


def ask_second_person(case: Case, decision: Decision, *, at: datetime) -> Case:
    """Put the decided case on hold and open a case for somebody else."""
    advance(case, CaseAction.HOLD, at=at)
    second, _is_new = open_case(
        kind=CaseKind.SECOND_APPROVAL,
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        at=at,
        tier=Tier(case.tier),
        gpt=case.gpt,
        builder=case.builder,
        origin=decision,
        risk=case.risk,
        content_hash=case.content_hash,
    )
    return second


def answer_second_approval(
    case: Case, decision: Decision, *, by: Any, at: datetime, settle: Callable[..., bool]
) -> None:
    """Release what was held, or cancel it and give the first case another round."""
    assert case.origin is not None
    first = lock_case(case.origin.case_id)
    held = case.origin.enforcements.select_for_update(of=("self",)).filter(state=EnforcementState.HELD)
    if decision.outcome == Outcome.CONFIRM:
        case.origin.enforcements.filter(state=EnforcementState.HELD).update(released_by=by)
        advance(first, CaseAction.CONFIRM, at=at)
        settle(first, case.origin, by=by, at=at)
        return
    for enforcement in held.order_by("id"):
        enforcement.state = move_enforcement(enforcement.state, EnforcementAction.CANCEL)
        enforcement.save(update_fields=["state"])
    note = f"{first.note}\n{decision.reasoning}".strip()
    advance(first, CaseAction.RETURN, at=at, round=first.round + 1, note=note)
