"""Objections to a decision, judged by somebody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.text import clean_block
from reviews.access import not_found
from reviews.models import Appeal, Case, Decision, Report
from reviews.scope import moderation_scope
from reviews.services.cases import advance, lock_case, open_case
from reviews.services.enforcement import reverse_all
from reviews.services.notices import tell_appellant
from reviews.states import (
    NEGATIVE_OUTCOMES,
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

APPEAL_WINDOW = timedelta(days=184)
TEXT_LENGTH = 4_000


def appeal_party(decision: Decision, user: Any) -> AppealParty | None:
    """Return as whom ``user`` may object to the decision; None for a stranger or nothing to object to."""
    if decision.outcome in NEGATIVE_OUTCOMES and decision.case.builder_id == user.pk:
        return AppealParty.OWNER
    was_dismissed = decision.outcome == Outcome.NO_VIOLATION
    if was_dismissed and Report.objects.filter(case_id=decision.case_id, reporter=user).exists():
        return AppealParty.REPORTER
    return None


def appeal_until(decision: Decision) -> datetime:
    """Return the moment after which nobody may object any more."""
    notice = decision.notices.order_by("created_at").first()
    return (notice.created_at if notice else decision.decided_at) + APPEAL_WINDOW


@transaction.atomic
def file_appeal(*, decision: Decision, text: str, by: Any, at: datetime) -> Appeal:
    """Object to a decision, once for each party and within 184 days of its notice.

    Opens a case that its decider cannot take. Raises NotFound for strangers, Conflict when it is too
    late, was done before, was overridden or is not in force yet.
    """
    text = clean_block(text, max_length=TEXT_LENGTH, field="text")
    party = appeal_party(decision, by)
    if party is None:
        raise not_found()
    lock_case(decision.case_id)
    with moderation_scope():
        until = appeal_until(decision)
    if at > until:
        raise Conflict(_("The time to object to this decision is over."), code="appeal_too_late")
    if decision.overrides.exists():
        raise Conflict(_("This decision has been overturned already."), code="appeal_overridden")
    if decision.enforcements.exclude(state=EnforcementState.EXECUTED).exists():
        raise Conflict(_("This decision is not in force."), code="appeal_not_in_force")
    mine = decision.appeals.filter(party=party)
    if (mine if party is AppealParty.OWNER else mine.filter(appellant=by)).exists():
        raise Conflict(_("You have objected to this decision already."), code="appeal_twice")
    first = decision.case
    case, _is_new = open_case(
        kind=CaseKind.APPEAL,
        subject_type=first.subject_type,
        subject_id=first.subject_id,
        at=at,
        tier=Tier.NORMAL,
        gpt=first.gpt,
        builder=first.builder,
        origin=decision,
        content_hash=decision.content_hash,
    )
    if case.origin_id != decision.pk:
        raise Conflict(
            _("Another objection about this is being judged. Wait for its answer."), code="appeal_open"
        )
    appeal = Appeal.objects.create(
        decision=decision, party=party, appellant=by, case=case, text=text, filed_at=at
    )
    record(
        action="reviews.appeal_filed", by=by, at=at, subject=appeal, data={"decision_id": str(decision.pk)}
    )
    return appeal


def answer_appeals(case: Case, decision: Decision, *, by: Any, at: datetime) -> None:
    """Carry out an appeal's decision: restore what stood before, or reopen what was dismissed."""
    if case.origin is None:
        raise InvalidInput(_("This case is about no decision."), code="no_origin")
    overturned = decision.outcome == Outcome.OVERTURN
    if overturned:
        first = lock_case(case.origin.case_id)
        reverse_all(case.origin, by=by, at=at)
        if case.origin.outcome == Outcome.NO_VIOLATION:
            advance(first, CaseAction.REOPEN, at=at, round=first.round + 1)
    action = AppealAction.OVERTURN if overturned else AppealAction.UPHOLD
    for appeal in case.appeals.select_for_update(of=("self",)).filter(state=AppealState.FILED).order_by("id"):
        appeal.state = move_appeal(appeal.state, action)
        appeal.answered_at = at
        appeal.save(update_fields=["state", "answered_at"])
        tell_appellant(appeal, decision, at=at)
