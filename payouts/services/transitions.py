"""The one function that changes the state of a period, a batch or a payout."""

from __future__ import annotations

from datetime import datetime

from django.db.models import TextChoices

from core.text import clean_line
from payouts.models import AccountingPeriod, Batch, Payout, Transition
from payouts.states import check_transition
from workspaces.models import User

REASON_LENGTH = 300


def change_state(
    subject: AccountingPeriod | Batch | Payout,
    to: TextChoices,
    *,
    by: User | None,
    at: datetime,
    reason: str,
    fields: tuple[str, ...] = (),
) -> None:
    """Save the new state (and ``fields``) with a Transition row for actor, time and reason.

    The caller holds the row's lock. Raises IllegalTransition before anything is written.
    """
    check_transition(subject.state, to)
    before, subject.state = subject.state, to
    subject.save(update_fields=["state", *fields])
    noun = subject._meta.model_name if not isinstance(subject, AccountingPeriod) else "period"
    Transition.objects.create(
        **{str(noun): subject}, before=before, after=to, actor=by, at=at, reason=clean_reason(reason)
    )


def clean_reason(reason: str) -> str:
    return clean_line(reason, max_length=REASON_LENGTH, field="reason")
