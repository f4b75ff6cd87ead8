"""Reading thumbs: those of the turns on a page."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from gpts.chat.models import Turn, TurnFeedback


def feedback_of(turns: Iterable[Turn]) -> dict[UUID, TurnFeedback]:
    """Return the thumb of each turn that has one, in one query."""
    rows = TurnFeedback.objects.filter(turn_id__in=[turn.pk for turn in turns])
    return {row.turn_id: row for row in rows}


def feedback_on(turn: Turn) -> TurnFeedback | None:
    return TurnFeedback.objects.filter(turn=turn).first()
