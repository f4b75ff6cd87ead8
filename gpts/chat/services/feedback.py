"""Thumbs on answers: one a turn, changed and taken back at will."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.chat.models import Turn, TurnFeedback
from gpts.chat.states import FeedbackReason, MessageRole
from gpts.llm.states import METERED_TURN_STATES

REASONS = tuple(reason for reason in FeedbackReason if reason)


@transaction.atomic
def give_feedback(*, turn: Turn, is_positive: bool, reason: str = "", by: Any, at: datetime) -> TurnFeedback:
    """Keep what ``by`` thinks of an answer of their own; a second word replaces the first.

    Builders see counts of it, never the chat. A reason stands only beside a thumb down. InvalidInput for an
    answer that did not come (``turn_unanswered``) or a reason that is none of ours.
    """
    if reason not in FeedbackReason.values:
        raise InvalidInput(_("Choose one of the reasons."), code="reason_unknown", field="reason")
    is_answered = turn.state in METERED_TURN_STATES
    if not is_answered or not turn.messages.filter(role=MessageRole.ASSISTANT).exists():
        raise InvalidInput(_("Only an answer that has ended can be rated."), code="turn_unanswered")
    given, _is_new = TurnFeedback.objects.update_or_create(
        turn=turn,
        defaults={
            "user": by,
            "workspace_id": turn.workspace_id,
            "gpt_id": turn.gpt_id,
            "version_id": turn.version_id,
            "is_positive": is_positive,
            "reason": FeedbackReason.NONE if is_positive else reason,
            "created_at": at,
        },
    )
    return given


def take_feedback_back(*, turn: Turn) -> None:
    """Remove the thumb; twice is once."""
    TurnFeedback.objects.filter(turn=turn).delete()
