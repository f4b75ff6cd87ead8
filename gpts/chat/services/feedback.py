"""Feedback on answers: at most one for each turn, which can be changed and removed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.chat.models import Turn, TurnFeedback
from gpts.chat.states import FeedbackReason, MessageRole
from gpts.llm.states import METERED_TURN_STATES
from workspaces.models import User

REASONS = tuple(reason for reason in FeedbackReason if reason)


@transaction.atomic
def give_feedback(*, turn: Turn, is_positive: bool, reason: str = "", by: User, at: datetime) -> TurnFeedback:
    """Save a thumb on an answer in the person's own conversation; it replaces an earlier one.

    Builders see counts of it, never the chat. A thumb up has no reason. InvalidInput for a turn without a
    finished answer (``turn_unanswered``) or an unknown reason (``reason_unknown``).
    """
    if reason not in FeedbackReason.values:
        raise InvalidInput(_("Choose one of the reasons."), code="reason_unknown", field="reason")
    is_answered = turn.state in METERED_TURN_STATES
    if not is_answered or not turn.messages.filter(role=MessageRole.ASSISTANT).exists():
        raise InvalidInput(_("Only an answer that has ended can be rated."), code="turn_unanswered")
    feedback, _is_new = TurnFeedback.objects.update_or_create(
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
    return feedback


def remove_feedback(*, turn: Turn) -> None:
    """Remove the feedback. Idempotent."""
    TurnFeedback.objects.filter(turn=turn).delete()
