"""Streams a started turn of any kind as an HTTP response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import translation

from gpts.chat.services.rechecks import RequestAccess
from gpts.chat.streaming.frames import build_frame
from gpts.chat.streaming.hub import get_hub
from gpts.chat.streaming.job import TurnJob
from gpts.chat.streaming.live import LiveTurn
from gpts.chat.streaming.mirror import follow_from_redis
from gpts.chat.streaming.threads import in_thread
from gpts.llm.failure_messages import get_failure_message
from gpts.llm.runtime.types import FailureCode
from gpts.llm.states import TurnState

STREAM = "text/event-stream"
MAX_OFFSET = 10_000_000


class StartedTurn(Protocol):
    """A turn that a request started, or an existing one that it follows."""

    @property
    def id(self) -> UUID: ...

    @property
    def job(self) -> TurnJob | None:
        """Set if this request started the turn and has to run it."""

    @property
    def end(self) -> dict[str, Any] | None:
        """The data of the last event, if the turn has ended."""

    @property
    def access(self) -> RequestAccess:
        """Who reads: a person, and their API key, which must count for as long as they do."""

    def build_head(self) -> bytes:
        """The first frame."""

    def load_end(self) -> dict[str, Any]:
        """Read the data of the last event from the database; call it in a thread.

        For a turn that has not ended: data that says that the connection was lost.
        """


class EventStream(StreamingHttpResponse):
    """Server-sent events, iterated directly instead of through Django's two wrapping generators."""

    def __init__(self, frames: AsyncGenerator[bytes, None]) -> None:
        super().__init__(frames, content_type=STREAM)
        self._frames = frames
        self["Cache-Control"] = "no-store"
        # Proxies must pass each event on at once.
        self["X-Accel-Buffering"] = "no"

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        return self._frames


def wants_stream(request: HttpRequest) -> bool:
    return STREAM in request.headers.get("Accept", "")


def get_offset(request: HttpRequest) -> int:
    """Return the reader's offset from Last-Event-ID or ``?from=``; 0 if it is not a number."""
    given = request.headers.get("Last-Event-ID") or request.GET.get("from", "")
    return min(int(given), MAX_OFFSET) if given.isascii() and given.isdigit() and len(given) < 12 else 0


def run_or_find(started: StartedTurn) -> LiveTurn | None:
    """Run a new turn, or find one that runs in this process; None if it runs elsewhere or has ended."""
    if started.job is not None:
        return get_hub().start(started.job)
    return get_hub().turns.get(started.id)


def stream(started: StartedTurn, *, offset: int = 0) -> EventStream:
    """Stream the turn's events from ``offset`` characters on; only its end if it has ended."""
    live = run_or_find(started)
    frames = live.follow(offset, started.build_head()) if live else _follow_to_end(started, offset)
    # The access of who started the turn is checked with the turn itself.
    if started.job is None:
        frames = _end_with_access(started, frames, translation.get_language())
    return EventStream(frames)


async def _end_with_access(
    started: StartedTurn, frames: AsyncGenerator[bytes, None], language: str | None
) -> AsyncGenerator[bytes, None]:
    """Pass the frames on until the reader's access ends; the turn itself goes on."""
    async with aclosing(frames):
        with get_hub().watch_reader(started.access) as ended:
            while (frame := await _read_next(frames, ended)) is not None:
                yield frame
            if ended.done():
                yield _build_access_ended_frame(started, language)


async def _read_next(frames: AsyncGenerator[bytes, None], ended: asyncio.Future[None]) -> bytes | None:
    """Return the next frame; None after the last one, and as soon as ``ended`` is done."""
    step: asyncio.Future[bytes | None] = asyncio.ensure_future(_get_next(frames))
    try:
        both: set[asyncio.Future[Any]] = {step, ended}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return None if ended.done() else step.result()
    finally:
        # The generator can be closed only when it does not run.
        step.cancel()
        await asyncio.wait({step})


async def _get_next(frames: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(frames, None)


def _build_access_ended_frame(started: StartedTurn, language: str | None) -> bytes:
    with translation.override(language):
        note = get_failure_message(FailureCode.ACCESS_ENDED)
    return build_frame("end", {
        "turn": str(started.id), "state": TurnState.INTERRUPTED, "code": FailureCode.ACCESS_ENDED,
        "note": note, "html": "", "sources": [],
    })  # fmt: skip


async def _follow_to_end(started: StartedTurn, offset: int) -> AsyncGenerator[bytes, None]:
    """Yield a turn that does not run in this process, from Redis or, if it has ended, from the database."""
    yield started.build_head()
    end = started.end
    if end is None:
        async for part in follow_from_redis(started.id, offset):
            yield part
            if part.startswith(b"event: end") or b"\nevent: end" in part:
                return
        # The other process died or has just ended the turn; the database has the end.
        end = await in_thread(started.load_end)
    yield build_frame("end", end)


async def wait_for_end(started: StartedTurn) -> None:
    """Run a new turn, or find the running one, and wait until it has ended."""
    live = run_or_find(started)
    if live is not None:
        await live.wait()
    elif started.end is None:
        async for _part in _end_with_access(started, follow_from_redis(started.id, 0), None):
            pass
