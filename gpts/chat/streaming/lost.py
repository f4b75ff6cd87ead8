"""Turns whose process died: ended as interrupted, with the text that Redis still has."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from core.errors import IllegalTransition
from gpts.chat.models import Turn
from gpts.chat.queries.conversations import list_running_turns
from gpts.chat.services.turns import fail_turn
from gpts.chat.streaming.connection import ALIVE_SECONDS, is_alive, text_so_far
from gpts.llm.runtime.types import FailureCode

log = structlog.get_logger(__name__)

# A turn that has just started may not have said yet that it is alive.
GRACE = timedelta(seconds=ALIVE_SECONDS)


def interrupt_lost_turns(*, at: datetime) -> int:
    """End every lost turn that the scope shows; returns how many. Idempotent."""
    return sum(
        interrupt_if_lost(turn=turn, at=at) for turn in list_running_turns().filter(started_at__lt=at - GRACE)
    )


def interrupt_if_lost(*, turn: Turn, at: datetime) -> bool:
    """End one turn if nobody runs it; false when it lives or has ended meanwhile."""
    if at - turn.started_at < GRACE or is_alive(turn.pk):
        return False
    try:
        fail_turn(
            turn_id=turn.pk,
            code=FailureCode.INTERRUPTED,
            text=text_so_far(turn.pk),
            at=at,
            is_interrupted=True,
        )
    except IllegalTransition:
        return False
    log.info("turn_interrupted", turn=str(turn.pk))
    return True
