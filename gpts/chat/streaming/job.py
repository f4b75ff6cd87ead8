"""The interface between LiveTurn and the kinds of answers it runs: chat, Create, golden prompts."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from gpts.chat.services.rechecks import RunningAnswer
from gpts.llm.runtime.clients import build_client
from gpts.llm.runtime.outputs import make_storable
from gpts.llm.runtime.prompts import assemble
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    FailureCode,
    Finished,
    ModelClient,
    ModelFailure,
    OptionsLearned,
    Pace,
    TextDelta,
    ToolRunner,
    TurnEvent,
    TurnInput,
    Usage,
)
from gpts.llm.runtime.usage import estimate_request


class TurnSink(Protocol):
    """Output of a running turn: sent directly to readers of this process, to others through Redis."""

    # All text that was sent. `text_start` is where the answer begins behind text that proved to be thinking.
    text: str
    text_start: int
    pace: Pace
    is_over: bool

    def add_text(self, text: str) -> None:
        """Append to the answer; readers get it with the next frame."""

    def send(self, event: str, data: dict[str, Any]) -> None:
        """Send one event to all readers, after the text so far."""

    def send_here(self, frame: bytes) -> None:
        """Send an encoded frame to the readers of this process only; others must not depend on it."""


@dataclass(frozen=True)
class TurnOutcome:
    """How a turn ended. ``usage`` is None if it ended before the provider counted tokens.

    ``finish_reason`` as in Finished, empty for a failure; ``thinking`` is no part of ``text``.
    """

    text: str
    usage: Usage | None
    failure: ModelFailure | None
    is_stopped: bool
    first_token_at: datetime | None
    finish_reason: str = ""
    thinking: str = ""
    # What the answer has shown about its model, to be remembered with the end.
    learned: tuple[OptionsLearned, ...] = ()


class TurnJob(ABC):
    """One answer to run: its input, its tools, its events for readers, and recording of its end.

    LiveTurn runs it on an event loop. Methods that are not ``async`` must not block.
    """

    # The answer ends at this length, and the rest of the model's output is not read.
    character_limit = sys.maxsize
    # Whether tokens are estimated here, because the provider belongs to those who earn by the answer.
    counts_itself = False

    def __init__(
        self, *, turn_id: UUID, given: TurnInput, access: RunningAnswer, client: ModelClient | None = None
    ) -> None:
        self.id = turn_id
        self.input = given
        self.client = client or build_client(given.spec)
        # The person's access, which is checked again while the answer runs.
        self.access = access

    def run_events(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        """Yield the answer's events, by default those of the input's model; may raise ModelFailure."""
        given = replace(self.input, pace=sink.pace)
        return run_turn(given, self.client, self.get_tools(sink))

    def get_tools(self, sink: TurnSink) -> ToolRunner | None:
        """Return the runner of functions that the model calls; None if it may call none."""
        return None

    def handle_event(self, event: TurnEvent, sink: TurnSink) -> None:  # noqa: B027  # most jobs need no such hook
        """Handle an event that is neither text nor an end."""

    def handle_text(self, sink: TurnSink) -> None:  # noqa: B027  # most jobs need no such hook
        """Handle new text in ``sink.text``; called a few times a second."""

    @abstractmethod
    async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        """Record the end in one transaction and return the last frame for readers."""

    async def finish_broken(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        """Record the end as a failure with the text so far, after ``finish`` itself has failed."""
        failure = ModelFailure(FailureCode.MALFORMED_STREAM, detail="not_recorded")
        kept = replace(
            outcome,
            text=make_storable(outcome.text),
            thinking=make_storable(outcome.thinking),
            failure=failure,
            is_stopped=False,
        )
        return await self.finish(kept, sink)

    def get_usage(self, outcome: TurnOutcome) -> Usage:
        """Return the provider's count, else an estimate; zero for an empty answer."""
        if outcome.usage is not None and not self.counts_itself:
            return outcome.usage
        # Thinking counts, but not where the count pays those who made it.
        written = outcome.text if self.counts_itself else outcome.thinking + outcome.text
        if not written:
            return Usage(0, 0, is_estimated=True)
        request, _dropped = assemble(self.input)
        return estimate_request(request, written)


async def run_fixed_answer(text: str) -> AsyncGenerator[TurnEvent, None]:
    """Yield the events of a fixed answer, which calls no model and costs nothing."""
    yield TextDelta(text)
    yield Finished(Usage(0, 0))
