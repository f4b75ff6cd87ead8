"""What a kind of answer (chat turn, Create answer, golden prompt) defines for the code that runs it."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from gpts.chat.services.rechecks import RunningAnswer
from gpts.llm.runtime.clients import client_for
from gpts.llm.runtime.prompts import assemble, estimate_tokens
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    Finished,
    ModelClient,
    ModelFailure,
    Pace,
    TextDelta,
    ToolRunner,
    TurnEvent,
    TurnInput,
    Usage,
)


class TurnSink(Protocol):
    """Where a running turn puts what it produces: readers of this process see it at once, others by Redis."""

    text: str
    pace: Pace
    is_over: bool

    def add_text(self, text: str) -> None:
        """Append to the answer; readers get it with the next frame."""

    def send(self, event: str, data: dict[str, Any]) -> None:
        """Send one event to all readers, after the text so far."""

    def send_here(self, frame: bytes) -> None:
        """Send a finished frame to the readers of this process only, for what others can do without."""


@dataclass(frozen=True)
class TurnOutcome:
    """How a turn ended. ``usage`` is None when it was cut off before the provider counted tokens."""

    text: str
    usage: Usage | None
    failure: ModelFailure | None
    is_stopped: bool
    first_token_at: datetime | None


class TurnJob(ABC):
    """One answer to be written: its input, its tools, its events for readers, and how its end is recorded.

    LiveTurn runs it on an event loop. Methods that are not ``async`` must not block.
    """

    # More text than this is cut off, and the model is not read any further.
    character_limit = sys.maxsize

    def __init__(
        self, *, turn_id: UUID, given: TurnInput, access: RunningAnswer, client: ModelClient | None = None
    ) -> None:
        self.id = turn_id
        self.input = given
        self.client = client or client_for(given.spec)
        # Whose right to this answer is checked again while it runs.
        self.access = access

    def run_events(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        """The events of the answer, by default those of the input's model; may raise ModelFailure."""
        given = replace(self.input, pace=sink.pace)
        return run_turn(given, self.client, self.get_tools(sink))

    def get_tools(self, sink: TurnSink) -> ToolRunner | None:
        """What runs the functions that the model calls; None where it may call none."""
        return None

    def handle_event(self, event: TurnEvent, sink: TurnSink) -> None:  # noqa: B027  # most jobs need no such hook
        """React to an event that is neither text nor an end."""

    def handle_text(self, sink: TurnSink) -> None:  # noqa: B027  # most jobs need no such hook
        """React to new text in ``sink.text``, a few times a second."""

    @abstractmethod
    async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        """Record the end in one transaction and return the last frame for readers."""

    def get_usage(self, outcome: TurnOutcome) -> Usage:
        """The provider's count, else an estimate; nothing for an answer without a word."""
        if outcome.usage is not None:
            return outcome.usage
        if not outcome.text:
            return Usage(0, 0, is_estimated=True)
        request, _dropped = assemble(self.input)
        sent = sum(estimate_tokens(message.content) for message in request.messages)
        return Usage(sent, estimate_tokens(outcome.text), is_estimated=True)


async def run_fixed_answer(text: str) -> AsyncGenerator[TurnEvent, None]:
    """The events of an answer that asks no model and costs nothing."""
    yield TextDelta(text)
    yield Finished(Usage(0, 0))
