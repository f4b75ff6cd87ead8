"""One turn: assemble the prompt, let the model speak, end with exactly one Finished or Failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from .prompts import assemble
from .types import (
    Failed,
    FailureCode,
    Finished,
    HistoryTrimmed,
    ModelClient,
    ModelEvent,
    ModelFailure,
    TextDelta,
    ToolProposed,
    TurnEvent,
    TurnInput,
)


async def run_turn(turn: TurnInput, client: ModelClient) -> AsyncGenerator[TurnEvent, None]:
    """Events of the turn in order. `aclose()` stops it at once and closes the provider's connection.

    An answer without a word and without a tool call is a failure, so that nobody pays for it.
    """
    request, dropped = assemble(turn)
    if dropped:
        yield HistoryTrimmed(dropped)
    has_content = False
    finished: Finished | None = None
    try:
        async with aclosing(cast("AsyncGenerator[ModelEvent, None]", client.stream(request))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    has_content = has_content or not event.text.isspace()
                    yield event
                elif isinstance(event, ToolProposed):
                    has_content = True
                    yield event
                else:
                    finished = event
                    break
        if finished is None:
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="no_end")
        if not has_content:
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="empty_answer")
    except ModelFailure as failure:
        yield Failed(failure)
        return
    yield finished
