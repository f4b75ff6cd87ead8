"""Appeals: objections to a decision, judged by a different moderator."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.text import clean_block
from reviews.access import not_found
from reviews.models import Appeal, Case, Decision
from reviews.queries.appeals import get_appeal_deadline, get_appeal_party
from reviews.scope import open_moderation_scope
from reviews.services.cases import advance_case, get_or_open_case, lock_case
from reviews.services.enforcement import reverse_decision
from reviews.services.judges import note_missing_judges
from reviews.services.notices import write_appellant_notice
from reviews.states import (
    AppealAction,
    AppealParty,
    AppealState,
    CaseAction,
    CaseKind,
    EnforcementState,
    Outcome,
    Tier,
    move_appeal,
)
from workspaces.models import User

TEXT_LENGTH = 4_000


@transaction.atomic
def file_appeal(*, decision: Decision, text: str, by: User, at: datetime) -> Appeal:
    """Object to a decision, once for each party and within 184 days of its notice.

    Opens a case that nobody who had a part in the decision can claim. Raises NotFound for strangers, Conflict
    when it is too late, repeated, or the decision is overturned or not in force.
    """
    text = clean_block(text, max_length=TEXT_LENGTH, field="text")
    with open_moderation_scope():  # a reporter cannot read the reports, their own among them
        party = get_appeal_party(decision, by)
        if party is None:
            raise not_found()
        return _file_appeal(decision, party, text, by=by, at=at)


def _file_appeal(decision: Decision, party: AppealParty, text: str, *, by: User, at: datetime) -> Appeal:
    lock_case(decision.case_id)
    deadline = get_appeal_deadline(decision)
    if at > deadline:
        raise Conflict(_("The time to object to this decision is over."), code="appeal_too_late")
    if decision.overrides.exists():
        raise Conflict(_("This decision has been overturned already."), code="appeal_overridden")
    if decision.enforcements.exclude(state=EnforcementState.EXECUTED).exists():
        raise Conflict(_("This decision is not in force."), code="appeal_not_in_force")
    earlier = decision.appeals.filter(party=party)
    if (earlier if party is AppealParty.OWNER else earlier.filter(appellant=by)).exists():
        raise Conflict(_("You have objected to this decision already."), code="appeal_twice")
    first = decision.case
    case, _is_new = get_or_open_case(
        kind=CaseKind.APPEAL,
        subject_type=first.subject_type,
        subject_id=first.subject_id,
        at=at,
        tier=Tier.NORMAL,
        gpt=first.gpt,
        builder=first.builder,
        origin=decision,
        is_restricted=first.is_restricted,
        content_hash=decision.content_hash,
    )
    if case.origin_id != decision.pk:
        raise Conflict(
            _("Another objection about this is being judged. Wait for its answer."), code="appeal_open"
        )
    note_missing_judges(at=at, only=case)
    appeal = Appeal.objects.create(
        decision=decision, party=party, appellant=by, case=case, text=text, filed_at=at
    )
    record(
        action="reviews.appeal_filed", by=by, at=at, subject=appeal, data={"decision_id": str(decision.pk)}
    )
    return appeal


def answer_appeals(case: Case, decision: Decision, *, by: User, at: datetime) -> None:
    """Carry out the decision of an appeal case: reverse the first decision, or reopen a dismissed report."""
    if case.origin is None:
        raise InvalidInput(_("This case is about no decision."), code="no_origin")
    overturned = decision.outcome == Outcome.OVERTURN
    if overturned:
        first = lock_case(case.origin.case_id)
        reverse_decision(case.origin, by=by, at=at)
        if case.origin.outcome == Outcome.NO_VIOLATION:
            advance_case(first, CaseAction.REOPEN, at=at, round=first.round + 1)
    action = AppealAction.OVERTURN if overturned else AppealAction.UPHOLD
    for appeal in case.appeals.select_for_update(of=("self",)).filter(state=AppealState.FILED).order_by("id"):
        appeal.state = move_appeal(appeal.state, action)
        appeal.answered_at = at
        appeal.save(update_fields=["state", "answered_at"])
        write_appellant_notice(appeal, decision, at=at)
