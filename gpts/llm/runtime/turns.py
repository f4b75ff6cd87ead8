"""Runs one turn: assembles the prompt, streams the model's answer, runs the functions it calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import cast

from gpts.llm.runtime.prompts import assemble
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    HistoryTrimmed,
    ImageMade,
    ModelClient,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    OptionsLearned,
    PromptMessage,
    TextDelta,
    TextWithdrawn,
    ThinkingDelta,
    ToolCalled,
    ToolProposed,
    ToolResult,
    ToolRunner,
    TurnEvent,
    TurnInput,
    Usage,
)
from gpts.llm.runtime.usage import add_usages

# In the last round the model may not call functions and has to answer.
MAX_ROUNDS = 8
MAX_CALLS_AT_ONCE = 16
MAX_RESULT_CHARACTERS = 100_000


async def run_turn(
    turn: TurnInput, client: ModelClient, tools: ToolRunner | None = None
) -> AsyncGenerator[TurnEvent, None]:
    """Yield the events of the turn. `aclose()` stops it at once and closes the provider's connection.

    With `tools` the functions that the model calls are run, in parallel where the turn allows it, and the
    model continues with their results; the usage of all rounds is added up. Without, the turn ends with them.
    An answer without text, image or tool call is a failure, so that nobody pays for it.
    """
    request, dropped = assemble(turn)
    if dropped:
        yield HistoryTrimmed(dropped)
    progress = _Progress()
    try:
        for number in range(1, MAX_ROUNDS + 1):
            request = replace(request, may_call_tools=number < MAX_ROUNDS or tools is None)
            progress.begin_round()
            async with aclosing(_run_round(request, client, progress)) as events:
                async for event in events:
                    yield event
            request = _apply_learned(request, progress)
            if tools is None or not progress.calls:
                break
            results = await _run_calls(progress.calls, tools, at_once=turn.parallel_tool_calls)
            for call, result in zip(progress.calls, results, strict=True):
                yield ToolCalled(call.call_id, call.name, result.is_ok, result.label)
            request = replace(request, messages=(*request.messages, *_build_exchange(progress, results)))
        if not progress.has_content:
            raise ModelFailure(progress.get_emptiness())
    except ModelFailure as failure:
        yield Failed(failure)
        return
    yield Finished(progress.usage, progress.finish_reason)


class _Progress:
    """What the rounds of a turn have produced so far."""

    __slots__ = ("_had_content", "calls", "finish_reason", "has_thinking", "learned", "texts", "usage")

    def __init__(self) -> None:
        self.usage = Usage(0, 0)
        self.finish_reason = "stop"
        self.has_thinking = False
        self._had_content = False
        self.texts: list[str] = []
        self.calls: list[ToolProposed] = []
        self.learned: list[OptionsLearned] = []

    def begin_round(self) -> None:
        self._had_content = self.has_content
        self.texts, self.calls = [], []

    @property
    def has_content(self) -> bool:
        return self._had_content or bool(self.calls) or any(not text.isspace() for text in self.texts)

    def note_content(self) -> None:
        """Note content that is neither text nor a call."""
        self._had_content = True

    def withdraw(self, characters: int) -> None:
        """Take back the last characters of the round's text."""
        text = "".join(self.texts)
        self.texts = [text[: len(text) - characters]]

    def get_emptiness(self) -> FailureCode:
        """Return why there is no answer."""
        if self.finish_reason == "length":
            return FailureCode.THINKING_LIMIT
        return FailureCode.ONLY_THINKING if self.has_thinking else FailureCode.EMPTY_ANSWER


async def _run_round(
    request: ModelRequest, client: ModelClient, progress: _Progress
) -> AsyncGenerator[TurnEvent, None]:
    finished: Finished | None = None
    async with aclosing(cast("AsyncGenerator[ModelEvent, None]", client.stream(request))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                progress.texts.append(event.text)
                yield event
            elif isinstance(event, ThinkingDelta):
                progress.has_thinking = progress.has_thinking or not event.text.isspace()
                yield event
            elif isinstance(event, TextWithdrawn):
                progress.withdraw(event.characters)
                yield event
            elif isinstance(event, Finished):
                finished = event
                break
            else:
                if isinstance(event, ToolProposed):
                    progress.calls.append(event)
                elif isinstance(event, ImageMade):
                    progress.note_content()
                elif isinstance(event, OptionsLearned):
                    progress.learned.append(event)
                yield event
    if finished is None:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="no_end")
    if len(progress.calls) > MAX_CALLS_AT_ONCE:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="too_many_calls")
    progress.usage = add_usages(progress.usage, finished.usage)
    progress.finish_reason = finished.finish_reason


async def _run_calls(calls: list[ToolProposed], tools: ToolRunner, *, at_once: bool) -> list[ToolResult]:
    if at_once:
        return list(await asyncio.gather(*(tools(call) for call in calls)))
    return [await tools(call) for call in calls]


def _apply_learned(request: ModelRequest, progress: _Progress) -> ModelRequest:
    """Return the request without what the server has refused, so that the next round does not ask twice."""
    for learned in progress.learned:
        spec = request.spec
        spec = replace(spec, omitted=(spec.omitted | learned.refused) - learned.accepted)
        limit = min(learned.output_limit or request.max_output_tokens, request.max_output_tokens)
        request = replace(request, spec=spec, max_output_tokens=limit)
    progress.learned.clear()
    return request


def _build_exchange(progress: _Progress, results: list[ToolResult]) -> list[PromptMessage]:
    """Return the model's message and the results of its calls, for the next round's prompt."""
    message = PromptMessage("assistant", "".join(progress.texts), tool_calls=tuple(progress.calls))
    answers = [
        PromptMessage("tool", result.content[:MAX_RESULT_CHARACTERS], call_id=call.call_id)
        for call, result in zip(progress.calls, results, strict=True)
    ]
    return [message, *answers]
