"""Streams a started turn of any kind as an HTTP response."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse

from gpts.chat.streaming.frames import build_frame
from gpts.chat.streaming.hub import follow_from_redis, get_hub
from gpts.chat.streaming.job import TurnJob
from gpts.chat.streaming.live import LiveTurn
from gpts.chat.streaming.threads import in_thread

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
    if live is not None:
        return EventStream(live.follow(offset, started.build_head()))
    return EventStream(_follow_to_end(started, offset))


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
        async for _part in follow_from_redis(started.id, 0):
            pass
