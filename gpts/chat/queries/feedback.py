"""Queries for feedback on answers."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from gpts.chat.models import Turn, TurnFeedback


def get_feedback_by_turn(turns: Iterable[Turn]) -> dict[UUID, TurnFeedback]:
    """Return the feedback by turn, in one query."""
    rows = TurnFeedback.objects.filter(turn_id__in=[turn.pk for turn in turns])
    return {row.turn_id: row for row in rows}


def get_feedback(turn: Turn) -> TurnFeedback | None:
    return TurnFeedback.objects.filter(turn=turn).first()
