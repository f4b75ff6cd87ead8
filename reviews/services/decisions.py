"""Deciding a case: one decision a round, what it does, and whom it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Forbidden, InvalidInput
from core.text import clean_block
from reviews.models import Case, Decision, Enforcement, PolicyVersion
from reviews.rules import conflict_of_interest
from reviews.services.appeals import answer_appeals
from reviews.services.cases import advance, lock_case, stale
from reviews.services.claims import own_claim
from reviews.services.enforcement import execute
from reviews.services.impact import needs_second_person
from reviews.services.notices import tell_everybody
from reviews.services.second_approvals import answer_second_approval, ask_second_person
from reviews.services.submissions_judged import judge_submission
from reviews.states import (
    NEGATIVE_OUTCOMES,
    OUTCOMES_OF_KIND,
    CaseAction,
    CaseKind,
    CaseState,
    DecisionSource,
    EnforcementAction,
    EnforcementKind,
    EnforcementState,
    Outcome,
    move_enforcement,
)

REASONING_LENGTH = 4_000
EFFECTS_OF_OUTCOME: dict[str, tuple[EnforcementKind, ...]] = {
    Outcome.APPROVE: (EnforcementKind.PUBLISH_VERSION,),
    Outcome.REQUEST_CHANGES: (EnforcementKind.REJECT_VERSION,),
    Outcome.REJECT: (EnforcementKind.REJECT_VERSION,),
    Outcome.WARN: (EnforcementKind.WARN,),
    Outcome.DELIST: (EnforcementKind.DELIST,),
    Outcome.QUARANTINE: (EnforcementKind.QUARANTINE, EnforcementKind.HOLD_PAYOUT),
    Outcome.SUSPEND_BUILDER: (EnforcementKind.SUSPEND_BUILDER, EnforcementKind.HOLD_PAYOUT),
}


@transaction.atomic
def decide_case(
    *,
    case_id: UUID,
    claim_token: UUID,
    row_version: int,
    outcome: str,
    policy_codes: Sequence[str],
    reasoning: str,
    by: Any,
    at: datetime,
    private_note: str = "",
) -> Decision:
    """Decide the case under a live claim. What was judged is the case's content hash, whatever came since.

    The same decision sent twice with one claim is one decision. In this transaction: decision,
    enforcement (or its hold for a second person), notices, audit event; mails leave after commit.
    Raises Conflict (``claim_lost``, ``case_changed``) with the fresh state, Forbidden for the involved,
    InvalidInput without policy or reasoning for a negative outcome.
    """
    case = lock_case(case_id)
    replay = case.decisions.filter(claim_token=claim_token, decider=by, outcome=outcome).first()
    if replay is not None:
        return replay
    claim = own_claim(case, token=claim_token, by=by, at=at)
    if case.row_version != row_version:
        raise stale(
            _("This case has changed since you opened it. Look at what is new, then decide."),
            "case_changed",
            case,
            at=at,
        )
    if why := conflict_of_interest(by, case):
        raise Forbidden(
            _("You cannot judge this case: you are involved in it. A colleague has to."),
            code="conflict_of_interest",
            data={"why": why},
        )
    chosen = _allowed_outcome(case, outcome)
    decision = Decision.objects.create(
        case=case,
        round=case.round,
        outcome=chosen,
        policy_versions=_policies(chosen, policy_codes, at=at),
        reasoning=_reasoning(chosen, reasoning),
        private_note=clean_block(
            private_note, max_length=REASONING_LENGTH, field="private_note", required=False
        ),
        decider=by,
        source=DecisionSource.MODERATOR,
        content_hash=case.content_hash,
        override_of=case.origin if chosen == Outcome.OVERTURN else None,
        claim_token=claim_token,
        decided_at=at,
    )
    claim.delete()
    advance(case, CaseAction.DECIDE, at=at)
    _follow(case, decision, list(policy_codes), by=by, at=at)
    record(
        action="reviews.case_decided",
        by=by,
        at=at,
        subject=decision,
        data={"case_id": str(case.pk), "outcome": str(chosen), "policies": sorted(set(policy_codes))},
    )
    return decision


def _allowed_outcome(case: Case, outcome: str) -> Outcome:
    if outcome not in OUTCOMES_OF_KIND[case.kind]:
        raise InvalidInput(_("Choose one of the outcomes."), code="outcome_unknown", field="outcome")
    return Outcome(outcome)


def _policies(outcome: Outcome, codes: Sequence[str], *, at: datetime) -> list[int]:
    """Return the wordings in force of the named policies, which must allow the outcome."""
    if outcome not in NEGATIVE_OUTCOMES:
        return []
    wanted = sorted(set(codes))
    if not wanted:
        raise InvalidInput(_("Name at least one policy."), code="policy_missing", field="policies")
    in_force = current_policies(at=at)
    chosen = [in_force[code] for code in wanted if code in in_force]
    if len(chosen) != len(wanted):
        raise InvalidInput(_("There is no such policy any more."), code="policy_unknown", field="policies")
    for version in chosen:
        if outcome not in version.allowed_outcomes:
            raise InvalidInput(
                _("“%(policy)s” does not provide for this outcome.") % {"policy": version.title},
                code="outcome_not_allowed",
                field="policies",
            )
    return [version.pk for version in chosen]


def current_policies(*, at: datetime) -> dict[str, PolicyVersion]:
    """Return the wording in force of every policy by its code, in their order."""
    versions = (
        PolicyVersion.objects.filter(Q(policy__retired_at__isnull=True) | Q(policy__retired_at__gt=at))
        .filter(effective_from__lte=at)
        .select_related("policy")
        .order_by("policy__position", "policy_id", "number")
    )
    return {version.policy.code: version for version in versions}


def _reasoning(outcome: Outcome, reasoning: str) -> str:
    required = outcome in NEGATIVE_OUTCOMES or outcome in (
        Outcome.OVERTURN,
        Outcome.UPHOLD,
        Outcome.SEND_BACK,
    )
    return clean_block(reasoning, max_length=REASONING_LENGTH, field="reasoning", required=required)


def _follow(case: Case, decision: Decision, codes: list[str], *, by: Any, at: datetime) -> None:
    if case.kind == CaseKind.SECOND_APPROVAL:
        answer_second_approval(case, decision, by=by, at=at, settle=settle)
        advance(case, CaseAction.CLOSE, at=at)
        return
    if case.kind == CaseKind.APPEAL:
        answer_appeals(case, decision, by=by, at=at)
        advance(case, CaseAction.CLOSE, at=at)
        return
    judge_submission(case, decision, at=at)
    planned = _plan(case, decision, codes, at=at)
    if needs_second_person(case, decision.outcome, at=at):
        for enforcement in planned:
            enforcement.state = move_enforcement(enforcement.state, EnforcementAction.HOLD)
            enforcement.save(update_fields=["state"])
        ask_second_person(case, decision, at=at)
        return
    settle(case, decision, by=by, at=at)


def _plan(case: Case, decision: Decision, codes: list[str], *, at: datetime) -> list[Enforcement]:
    kinds = list(EFFECTS_OF_OUTCOME.get(decision.outcome, ()))
    refused = (Outcome.REJECT, Outcome.DELIST, Outcome.QUARANTINE)
    version = case.submission.version if case.submission else _listed_version(case)
    if "impersonation" in codes and decision.outcome in refused and version is not None:
        kinds.append(EnforcementKind.PROHIBIT_NAME)
    return [
        Enforcement.objects.create(
            decision=decision, kind=kind, gpt=case.gpt, version=version, builder=case.builder, planned_at=at
        )
        for kind in kinds
    ]


def _listed_version(case: Case) -> Any:
    listing = getattr(case.gpt, "listing", None) if case.gpt else None
    return None if listing is None else listing.version


def settle(case: Case, decision: Decision, *, by: Any, at: datetime) -> bool:
    """Execute what is planned or released; when all stands, close the case and tell everybody.

    Returns False when an effect failed for now: the case stays decided and nobody is told yet.
    """
    pending = (EnforcementState.PLANNED, EnforcementState.HELD, EnforcementState.FAILED)
    todo = decision.enforcements.select_for_update(of=("self",)).filter(state__in=pending).order_by("id")
    done = [execute(enforcement, by=by, at=at) for enforcement in todo]
    if not all(done):
        return False
    advance(case, CaseAction.CLOSE, at=at)
    tell_everybody(case, decision, at=at)
    return True


@transaction.atomic
def retry_enforcements(*, at: datetime) -> int:
    """Try again what failed; how many cases were settled. Run by the beat."""
    cases = (
        Case.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(state=CaseState.DECIDED, decisions__enforcements__state=EnforcementState.FAILED)
        .order_by("id")[:50]
    )
    settled = 0
    for case in {case.pk: case for case in cases}.values():
        decision = case.decisions.select_related("decider").order_by("-round")[0]
        if settle(case, decision, by=decision.decider, at=at):
            record(action="reviews.enforcement_retried", by=None, at=at, subject=decision)
            settled += 1
    return settled
