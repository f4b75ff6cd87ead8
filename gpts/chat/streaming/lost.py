"""Ends turns whose process died as interrupted, with the text that Redis still has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.errors import IllegalTransition
from gpts.chat.models import Turn
from gpts.chat.queries.conversations import list_running_turns
from gpts.chat.services.turns import fail_turn
from gpts.chat.streaming.connection import ALIVE_SECONDS, find_alive_turns
from gpts.chat.streaming.mirror import read_answer
from gpts.llm.runtime.types import FailureCode

log = structlog.get_logger(__name__)

# A turn that has just started may have no heartbeat yet.
GRACE = timedelta(seconds=ALIVE_SECONDS)


def find_lost_turns(started: Mapping[UUID, datetime], *, at: datetime) -> set[UUID]:
    """Return those of these running turns (id -> start) whose process died."""
    old = {turn for turn, started_at in started.items() if at - started_at >= GRACE}
    return old - find_alive_turns(old)


def interrupt_lost_turns(*, at: datetime) -> int:
    """End every lost chat turn in the scope and return how many. Idempotent."""
    return sum(
        interrupt_if_lost(turn=turn, at=at) for turn in list_running_turns().filter(started_at__lt=at - GRACE)
    )


def interrupt_if_lost(*, turn: Turn, at: datetime) -> bool:
    """End a chat turn if its process died; False if it is running or has ended."""
    if not find_lost_turns({turn.pk: turn.started_at}, at=at):
        return False
    text, thinking = read_answer(turn.pk)
    try:
        fail_turn(
            turn_id=turn.pk,
            code=FailureCode.INTERRUPTED,
            text=text,
            thinking=thinking,
            at=at,
            is_interrupted=True,
        )
    except IllegalTransition:
        return False
    log.info("turn_interrupted", turn=str(turn.pk))
    return True
