"""Carrying out decisions: executing, retrying and reversing their enforcements."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from core.audit import record
from core.errors import DomainError
from reviews.models import Case, Decision, Enforcement
from reviews.services.cases import advance_case
from reviews.services.effects import EFFECTS
from reviews.services.notices import write_decision_notices
from reviews.states import CaseAction, CaseState, EnforcementAction, EnforcementState, move_enforcement
from workspaces.models import User

log = structlog.get_logger()


def carry_out_decision(case: Case, decision: Decision, *, by: User | None, at: datetime) -> bool:
    """Execute all pending enforcements; when all are in force, close the case and write the notices.

    Returns False when one failed for now: the case stays decided, and no notice is written yet.
    """
    pending = (EnforcementState.PLANNED, EnforcementState.HELD, EnforcementState.FAILED)
    enforcements = decision.enforcements.select_for_update(of=("self",)).filter(state__in=pending)
    results = [execute_enforcement(enforcement, by=by, at=at) for enforcement in enforcements.order_by("id")]
    if not all(results):
        return False
    advance_case(case, CaseAction.CLOSE, at=at)
    write_decision_notices(case, decision, at=at)
    return True


@transaction.atomic
def retry_enforcements(*, at: datetime) -> int:
    """Retry failed enforcements and return how many cases could be closed. A periodic job."""
    cases = (
        Case.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(state=CaseState.DECIDED, decisions__enforcements__state=EnforcementState.FAILED)
        .order_by("id")[:50]
    )
    closed = 0
    for case in {case.pk: case for case in cases}.values():
        decision = case.decisions.select_related("decider").order_by("-round")[0]
        if carry_out_decision(case, decision, by=decision.decider, at=at):
            record(action="reviews.enforcement_retried", by=None, at=at, subject=decision)
            closed += 1
    return closed


def execute_enforcement(enforcement: Enforcement, *, by: User | None, at: datetime) -> bool:
    """Put an enforcement into force, at most once. Returns False when it failed for now.

    The caller holds the case's lock. A DomainError of a service undoes its writes and is stored as the
    failure's code; a periodic job retries. Raises IllegalTransition for one that is in force already.
    """
    target = move_enforcement(enforcement.state, EnforcementAction.EXECUTE)
    try:
        with transaction.atomic():
            enforcement.undo = EFFECTS[enforcement.kind].apply(enforcement, by=by, at=at)
    except DomainError as error:
        enforcement.state = move_enforcement(enforcement.state, EnforcementAction.FAIL)
        enforcement.failure = error.code[:80]
        enforcement.save(update_fields=["state", "failure"])
        log.error("reviews.enforcement_failed", enforcement_id=str(enforcement.pk), code=error.code)
        return False
    enforcement.state, enforcement.executed_at, enforcement.failure = target, at, ""
    enforcement.save(update_fields=["state", "executed_at", "failure", "undo"])
    return True


def reverse_enforcement(enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
    """Undo an enforcement in force. Raises IllegalTransition for any other."""
    target = move_enforcement(enforcement.state, EnforcementAction.REVERSE)
    EFFECTS[enforcement.kind].reverse(enforcement, by=by, at=at)
    enforcement.state, enforcement.reversed_at = target, at
    enforcement.save(update_fields=["state", "reversed_at"])


def reverse_decision(decision: Decision, *, by: User | None, at: datetime) -> None:
    """Undo all enforcements of a decision that are in force, the last one first."""
    in_force = decision.enforcements.select_for_update(of=("self",)).filter(state=EnforcementState.EXECUTED)
    for enforcement in in_force.order_by("-id"):
        reverse_enforcement(enforcement, by=by, at=at)
