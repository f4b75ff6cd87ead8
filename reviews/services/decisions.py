"""Deciding a case: one decision a round, its enforcements and notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput
from core.text import clean_block
from gpts.assistants.models import Version
from gpts.assistants.services.versions import check_owner_may_serve
from gpts.assistants.states import Audience
from reviews.models import Case, Decision, Enforcement
from reviews.queries.policies import get_policies_in_force
from reviews.services.appeals import answer_appeals
from reviews.services.cases import advance_case, build_case_conflict, check_may_judge, lock_case
from reviews.services.claims import get_own_claim
from reviews.services.enforcement import carry_out_decision
from reviews.services.second_approvals import (
    answer_second_approval,
    needs_second_approval,
    request_second_approval,
)
from reviews.services.submissions import close_submission
from reviews.states import (
    NEGATIVE_OUTCOMES,
    CaseAction,
    CaseKind,
    DecisionSource,
    EnforcementAction,
    EnforcementKind,
    Outcome,
    list_outcomes,
    move_enforcement,
)
from workspaces.models import User

REASONING_LENGTH = 4_000
ENFORCEMENTS_BY_OUTCOME: dict[str, tuple[EnforcementKind, ...]] = {
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
    by: User,
    at: datetime,
    private_note: str = "",
) -> Decision:
    """Decide the case under a live claim. The decision judges the case's content hash, not newer versions.

    Idempotent for one claim and outcome. One transaction writes the decision, its enforcements (executed, or
    held for a second person), notices and audit event; e-mail leaves after commit. Raises Conflict
    (``claim_lost``, ``case_changed``) with the current state, Forbidden for people involved in the case and
    for an approval of somebody who may no longer publish, InvalidInput for a negative outcome without policy
    or reasoning.
    """
    case = lock_case(case_id, by=by)
    repeated = case.decisions.filter(claim_token=claim_token, decider=by, outcome=outcome).first()
    if repeated is not None:
        return repeated
    claim = get_own_claim(case, token=claim_token, by=by, at=at)
    if case.row_version != row_version:
        raise build_case_conflict(
            _("This case has changed since you opened it. Look at what is new, then decide."),
            "case_changed",
            case,
            at=at,
        )
    check_may_judge(by, case)
    chosen = _clean_outcome(case, outcome)
    if chosen == Outcome.APPROVE and case.gpt is not None:
        check_owner_may_serve(case.gpt, Audience.PUBLIC)
    decision = Decision.objects.create(
        case=case,
        round=case.round,
        outcome=chosen,
        policy_versions=_clean_policies(chosen, policy_codes, at=at),
        reasoning=_clean_reasoning(chosen, reasoning),
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
    advance_case(case, CaseAction.DECIDE, at=at)
    _apply(case, decision, list(policy_codes), by=by, at=at)
    record(
        action="reviews.case_decided",
        by=by,
        at=at,
        subject=decision,
        data={"case_id": str(case.pk), "outcome": str(chosen), "policies": sorted(set(policy_codes))},
    )
    return decision


def _clean_outcome(case: Case, outcome: str) -> Outcome:
    if outcome not in list_outcomes(case.kind, has_gpt=case.gpt_id is not None):
        raise InvalidInput(_("Choose one of the outcomes."), code="outcome_unknown", field="outcome")
    return Outcome(outcome)


def _clean_policies(outcome: Outcome, codes: Sequence[str], *, at: datetime) -> list[int]:
    """Return the ids of the named policies' wordings in force, which must allow the outcome."""
    if outcome not in NEGATIVE_OUTCOMES:
        return []
    wanted = sorted(set(codes))
    if not wanted:
        raise InvalidInput(_("Name at least one policy."), code="policy_missing", field="policies")
    in_force = get_policies_in_force(at=at)
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


def _clean_reasoning(outcome: Outcome, reasoning: str) -> str:
    required = outcome in NEGATIVE_OUTCOMES or outcome in (
        Outcome.OVERTURN,
        Outcome.UPHOLD,
        Outcome.SEND_BACK,
    )
    return clean_block(reasoning, max_length=REASONING_LENGTH, field="reasoning", required=required)


def _apply(case: Case, decision: Decision, codes: list[str], *, by: User, at: datetime) -> None:
    """Do what the decision means for this kind of case."""
    if case.kind == CaseKind.SECOND_APPROVAL:
        answer_second_approval(case, decision, by=by, at=at)
        advance_case(case, CaseAction.CLOSE, at=at)
        return
    if case.kind == CaseKind.APPEAL:
        answer_appeals(case, decision, by=by, at=at)
        advance_case(case, CaseAction.CLOSE, at=at)
        return
    close_submission(case, decision, at=at)
    planned = _plan_enforcements(case, decision, codes, at=at)
    if needs_second_approval(case, decision.outcome, at=at):
        for enforcement in planned:
            enforcement.state = move_enforcement(enforcement.state, EnforcementAction.HOLD)
            enforcement.save(update_fields=["state"])
        request_second_approval(case, decision, at=at)
        return
    carry_out_decision(case, decision, by=by, at=at)


def _plan_enforcements(
    case: Case, decision: Decision, codes: list[str], *, at: datetime
) -> list[Enforcement]:
    kinds = list(ENFORCEMENTS_BY_OUTCOME.get(decision.outcome, ()))
    removing = (Outcome.REJECT, Outcome.DELIST, Outcome.QUARANTINE)
    version = case.submission.version if case.submission else _get_listed_version(case)
    if "impersonation" in codes and decision.outcome in removing and version is not None:
        kinds.append(EnforcementKind.PROHIBIT_NAME)
    return [
        Enforcement.objects.create(
            decision=decision, kind=kind, gpt=case.gpt, version=version, builder=case.builder, planned_at=at
        )
        for kind in kinds
    ]


def _get_listed_version(case: Case) -> Version | None:
    listing = getattr(case.gpt, "listing", None) if case.gpt else None
    return None if listing is None else listing.version
