"""Second approvals: which decisions are held until a second person confirms them."""

from __future__ import annotations

from datetime import datetime

from marketplace.models import Listing, ShelfEntry
from reviews.models import Case, Decision
from reviews.services.cases import advance_case, get_or_open_case, lock_case
from reviews.services.enforcement import carry_out_decision
from reviews.services.judges import note_missing_judges
from reviews.states import (
    CaseAction,
    CaseKind,
    EnforcementAction,
    EnforcementState,
    Outcome,
    Tier,
    move_enforcement,
)
from workspaces.models import User

# A listing with more users than this in 28 days is not taken down by one person alone.
SECOND_APPROVAL_ABOVE_USERS = 1_000
ALWAYS_HELD = (Outcome.SUSPEND_BUILDER,)
HELD_FOR_HIGH_IMPACT = (Outcome.DELIST, Outcome.QUARANTINE)


def needs_second_approval(case: Case, outcome: str, *, at: datetime) -> bool:
    """Return whether the outcome is held: a suspension always, a take-down for high-impact listings."""
    if outcome in ALWAYS_HELD:
        return True
    return outcome in HELD_FOR_HIGH_IMPACT and bool(get_impact(case.gpt_id, at=at))


def get_impact(gpt_id: int | None, *, at: datetime) -> str:
    """Return why a take-down has a high impact ("verified", "users", "featured"), empty when it has not."""
    listing = Listing.objects.select_related("score").filter(gpt=gpt_id).first() if gpt_id else None
    if listing is None:
        return ""
    if listing.builder_verified:
        return "verified"
    score = getattr(listing, "score", None)
    if score is not None and score.users_28d > SECOND_APPROVAL_ABOVE_USERS:
        return "users"
    today = at.date()
    featured = ShelfEntry.objects.filter(
        listing=listing, shelf__starts_on__lte=today, shelf__ends_on__gt=today
    ).exists()
    return "featured" if featured else ""


def request_second_approval(case: Case, decision: Decision, *, at: datetime) -> Case:
    """Hold the decided case and open a second-approval case, which its decider cannot claim."""
    advance_case(case, CaseAction.HOLD, at=at)
    second, _is_new = get_or_open_case(
        kind=CaseKind.SECOND_APPROVAL,
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        at=at,
        tier=Tier(case.tier),
        gpt=case.gpt,
        builder=case.builder,
        origin=decision,
        is_restricted=case.is_restricted,
        risk=case.risk,
        content_hash=case.content_hash,
    )
    note_missing_judges(at=at, only=second)
    return second


def answer_second_approval(case: Case, decision: Decision, *, by: User, at: datetime) -> None:
    """Carry out the held decision, or cancel it and return the first case to the queue for another round."""
    assert case.origin is not None
    first = lock_case(case.origin.case_id)
    held = case.origin.enforcements.select_for_update(of=("self",)).filter(state=EnforcementState.HELD)
    if decision.outcome == Outcome.CONFIRM:
        case.origin.enforcements.filter(state=EnforcementState.HELD).update(released_by=by)
        advance_case(first, CaseAction.CONFIRM, at=at)
        carry_out_decision(first, case.origin, by=by, at=at)
        return
    for enforcement in held.order_by("id"):
        enforcement.state = move_enforcement(enforcement.state, EnforcementAction.CANCEL)
        enforcement.save(update_fields=["state"])
    note = f"{first.note}\n{decision.reasoning}".strip()
    advance_case(first, CaseAction.RETURN, at=at, round=first.round + 1, note=note)
