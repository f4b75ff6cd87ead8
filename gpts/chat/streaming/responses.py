"""A begun turn as an answer: a stream of events, or JSON when it has ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

from gpts.chat.streaming.begin import Begun, Caller, find_turn
from gpts.chat.streaming.frames import frame
from gpts.chat.streaming.hub import follow_elsewhere, hub
from gpts.chat.streaming.live import LiveTurn
from gpts.chat.streaming.threads import in_thread
from gpts.llm.states import TurnState

STREAM = "text/event-stream"
MAX_OFFSET = 10_000_000


class EventStream(StreamingHttpResponse):
    """Server-sent events. The server reads the frames as they are, without Django's two generators around."""

    def __init__(self, frames: AsyncGenerator[bytes, None]) -> None:
        super().__init__(frames, content_type=STREAM)
        self._frames = frames

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        return self._frames


def wants_stream(request: HttpRequest) -> bool:
    return STREAM in request.headers.get("Accept", "")


def run(begun: Begun, caller: Caller) -> LiveTurn | None:
    """Start a new turn in this process; the live turn if it runs here."""
    if begun.prepared is not None:
        return hub().start(begun.prepared, caller.scope, caller.language)
    return hub().turns.get(begun.turn.pk)


def stream(begun: Begun, caller: Caller, *, offset: int = 0) -> StreamingHttpResponse:
    """The turn's events from ``offset`` characters on; its end at once when it has ended."""
    live = run(begun, caller)
    head = frame("turn", turn_head(begun))
    frames = live.follow(offset, head) if live is not None else _from_elsewhere(begun, caller, head, offset)
    response = EventStream(frames)
    response["Cache-Control"] = "no-store"
    # Proxies must pass each event on at once.
    response["X-Accel-Buffering"] = "no"
    return response


async def _from_elsewhere(
    begun: Begun, caller: Caller, head: bytes, offset: int
) -> AsyncGenerator[bytes, None]:
    """A turn that does not run in this process: from Redis while it runs, else its end."""
    yield head
    end = begun.end
    if end is None:
        async for part in follow_elsewhere(begun.turn.pk, offset):
            yield part
            if part.startswith(b"event: end") or b"\nevent: end" in part:
                return
        # The other process is gone or has just ended the turn: the database knows.
        found = await in_thread(find_turn, caller, begun.conversation.pk, begun.turn.pk)
        end = found.end or {
            "turn": str(begun.turn.pk),
            "state": TurnState.INTERRUPTED,
            "code": "interrupted",
            "note": _("The connection to this answer was lost. Reload the page to see it."),
            "html": "",
            "sources": [],
        }
    yield frame("end", end)


def turn_head(begun: Begun) -> dict[str, Any]:
    conversation = begun.conversation
    return {
        "turn": str(begun.turn.pk),
        "conversation": str(conversation.pk),
        "position": begun.turn.position,
        "title": conversation.title,
        "gpt": conversation.gpt.slug,
    }


async def answer_json(begun: Begun, caller: Caller) -> JsonResponse:
    """Wait for the end and answer with it; 502 with the failure's code when there was no answer."""
    live = run(begun, caller)
    if live is not None:
        await live.wait()
    elif begun.end is None:
        async for _part in follow_elsewhere(begun.turn.pk, 0):
            pass
    found = await in_thread(find_turn, caller, begun.conversation.pk, begun.turn.pk)
    body = turn_head(found) | (found.end or {"state": found.turn.state})
    if found.turn.state in (TurnState.FAILED, TurnState.INTERRUPTED):
        error = {
            "code": found.turn.error_code,
            "message": body.get("note", ""),
            "field": "",
            "data": {"turn": body["turn"], "conversation": body["conversation"],
                     "retry_after": found.turn.retry_after},
        }  # fmt: skip
        return JsonResponse({"error": error}, status=502)
    return JsonResponse(body, status=201)


def offset_of(request: HttpRequest) -> int:
    """Where the reader stopped, by Last-Event-ID or ``?from=``; 0 for anything that is not a number."""
    given = request.headers.get("Last-Event-ID") or request.GET.get("from", "")
    return min(int(given), MAX_OFFSET) if given.isascii() and given.isdigit() and len(given) < 12 else 0
