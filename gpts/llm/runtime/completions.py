"""Collects a whole answer instead of a stream, for judges of golden prompts and for tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from gpts.llm.runtime.clients import build_client
from gpts.llm.runtime.types import (
    FailureCode,
    Finished,
    ImageMade,
    ModelClient,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    OptionsLearned,
    TextDelta,
    TextWithdrawn,
    ToolProposed,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer. `finish_reason` as in Finished; `tools` are the function calls that the model wants."""

    text: str
    tools: tuple[ToolProposed, ...]
    usage: Usage
    images: tuple[ImageMade, ...] = ()
    finish_reason: str = "stop"
    learned: tuple[OptionsLearned, ...] = ()


async def complete(request: ModelRequest, client: ModelClient | None = None) -> Completion:
    """Collect the answer to one request. Raises ModelFailure, also for an empty answer."""
    if client is None:
        client = build_client(request.spec)
    texts: list[str] = []
    tools: list[ToolProposed] = []
    images: list[ImageMade] = []
    learned: list[OptionsLearned] = []
    finished: Finished | None = None
    async with aclosing(cast("AsyncGenerator[ModelEvent, None]", client.stream(request))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                texts.append(event.text)
            elif isinstance(event, TextWithdrawn):
                whole = "".join(texts)
                texts = [whole[: len(whole) - event.characters]]
            elif isinstance(event, ToolProposed):
                tools.append(event)
            elif isinstance(event, ImageMade):
                images.append(event)
            elif isinstance(event, OptionsLearned):
                learned.append(event)
            elif isinstance(event, Finished):
                finished = event
    if finished is None:
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="no_end")
    text = "".join(texts)
    if not (text.strip() or tools or images):
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="empty_answer")
    return Completion(
        text, tuple(tools), finished.usage, tuple(images), finished.finish_reason, tuple(learned)
    )
