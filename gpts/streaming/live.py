"""One running turn: what it has said, who reads along, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

import structlog
from django.utils import timezone, translation

from core.errors import DomainError
from core.markdown import MAX_CHARACTERS, render
from core.scope import Scope, open_scope
from gpts.failures import failure_message
from gpts.models import Turn
from gpts.runtime.clients import client_for
from gpts.runtime.prompts import assemble, estimate_tokens
from gpts.runtime.turns import run_turn
from gpts.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    HistoryTrimmed,
    ModelFailure,
    TextDelta,
    Usage,
)
from gpts.services.chat import fail_turn, finish_turn
from gpts.services.rechecks import RunningAnswer
from gpts.services.turn_inputs import PreparedTurn, citations_in
from gpts.states import TurnState
from gpts.streaming.frames import HEARTBEAT, end_frame, frame
from gpts.streaming.threads import in_thread

log = structlog.get_logger(__name__)

# Twenty-five frames a second read as smoothly as fifty, and each costs a write to the socket.
FRAME_SECONDS = 0.04
HEARTBEAT_SECONDS = 15.0


class LiveTurn:
    """Runs in a task of its own; readers come and go. ``on_end`` is called with the last frame."""

    def __init__(self, prepared: PreparedTurn, scope: Scope, language: str) -> None:
        self.id: UUID = prepared.turn.pk
        self.prepared = prepared
        self.scope = scope
        self.language = language
        self.text = ""
        self.is_over = False
        self.turn: Turn | None = None
        self.extras: list[bytes] = []
        self._pending: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0
        self._rendered = 0
        self._watchers: set[asyncio.Event] = set()
        self._first_token_at: datetime | None = None
        self._trimmed = 0
        self._usage: Usage | None = None
        self._failure: ModelFailure | None = None
        self._is_stopping = False
        self._speaking: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop

    def asked_by(self) -> RunningAnswer:
        conversation = self.prepared.conversation
        return RunningAnswer(
            turn_id=self.id,
            user_id=self.prepared.turn.user_id,
            gpt_id=conversation.gpt_id,
            is_draft=conversation.version_id is None,
            workspace_ids=self.scope.workspace_ids,
        )

    # Reading along -------------------------------------------------------------------------------------

    async def follow(self, offset: int = 0) -> AsyncIterator[bytes]:
        """Frames from ``offset`` characters on until the end; a comment when nothing happens for long."""
        wake = asyncio.Event()
        self._watchers.add(wake)
        seen = 0
        try:
            while True:
                wake.clear()
                if len(self.text) > offset:
                    said, offset = self.text[offset:], len(self.text)
                    yield frame("delta", {"text": said}, offset=offset)
                while seen < len(self.extras):
                    seen += 1
                    yield self.extras[seen - 1]
                if self.is_over:
                    return
                if wake.is_set():
                    continue
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await wake.wait()
                except TimeoutError:
                    yield HEARTBEAT
        finally:
            self._watchers.discard(wake)

    async def wait(self) -> Turn | None:
        """The ended turn; None when its end could not be written."""
        async for _frame in self.follow(len(self.text)):
            pass
        return self.turn

    # Running -------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End the answer as it stands; does nothing once the model has ended by itself."""
        if self._speaking is not None and not self._speaking.done():
            self._is_stopping = True
            self._speaking.cancel()

    def cut_off(self) -> None:
        """End the answer because its person may not have it any more; paid to nobody."""
        if self._speaking is not None and not self._speaking.done():
            self._failure = ModelFailure(FailureCode.ACCESS_ENDED)
            self._speaking.cancel()

    async def run(self) -> bytes:
        """Let the model speak, write down how it ended, tell the readers; returns the last frame."""
        self._loop = asyncio.get_running_loop()
        self._speaking = asyncio.create_task(self._speak())
        try:
            await asyncio.wait({self._speaking})
        finally:
            # The process is stopping: the reaper writes the end, with the text that Redis has.
            self._speaking.cancel()
        if not self._speaking.cancelled() and (error := self._speaking.exception()) is not None:
            log.error("turn_broke", turn=str(self.id), exc_info=error)
            self._failure = ModelFailure(FailureCode.MALFORMED_STREAM, detail="broke")
        self._flush()
        last = await self._write_end()
        self.extras.append(last)
        self.is_over = True
        self._wake()
        return last

    async def _speak(self) -> None:
        turn = self.prepared.input
        async with aclosing(run_turn(turn, client_for(turn.spec))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    self._add(event.text)
                    if len(self.text) >= MAX_CHARACTERS:
                        return
                elif isinstance(event, Finished):
                    self._usage = event.usage
                elif isinstance(event, Failed):
                    self._failure = event.failure
                elif isinstance(event, HistoryTrimmed):
                    self._trimmed = event.dropped
                    self.extras.append(frame("trimmed", {"messages": event.dropped}))
                    self._wake()

    def _add(self, text: str) -> None:
        # PostgreSQL has no NUL, and no model means one.
        self._pending.append(text.replace("\x00", "") if "\x00" in text else text)
        now = self._loop.time()
        if now - self._flushed_at >= FRAME_SECONDS:
            self._flush()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._flushed_at + FRAME_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pending:
            return
        if self._first_token_at is None:
            self._first_token_at = timezone.now()
        self._flushed_at = self._loop.time()
        self.text += "".join(self._pending)
        self._pending.clear()
        self._render_paragraphs()
        self._wake()

    def _render_paragraphs(self) -> None:
        """Send finished paragraphs as HTML; the end replaces them by the whole, rendered as one."""
        boundary = self.text.rfind("\n\n", self._rendered)
        if boundary <= self._rendered:
            return
        piece = self.text[self._rendered : boundary]
        if piece.count("```") % 2 or piece.count("~~~") % 2:
            return
        self._rendered = boundary + 2
        with translation.override(self.language):
            html = render(piece)
        self.extras.append(frame("html", {"html": html, "upto": self._rendered}))

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher.set()

    # Ending --------------------------------------------------------------------------------------------

    async def _write_end(self) -> bytes:
        try:
            self.turn = await in_thread(self._end, timezone.now())
        except DomainError:
            log.warning("turn_ended_elsewhere", turn=str(self.id))
            with translation.override(self.language):
                note = failure_message(FailureCode.INTERRUPTED)
            return frame("end", {"turn": str(self.id), "state": TurnState.INTERRUPTED, "code": "interrupted",
                                 "note": note, "html": "", "sources": []})  # fmt: skip
        with translation.override(self.language):
            return end_frame(self.turn, self.text, self._citations())

    def _citations(self) -> list[dict[str, object]]:
        return citations_in(self.text, self.prepared.passages)

    def _end(self, at: datetime) -> Turn:
        with open_scope(self.scope):
            if self._failure is not None:
                retry_after = self._failure.retry_after
                log.info(
                    "turn_failed", turn=str(self.id), code=self._failure.code, detail=self._failure.detail
                )
                return fail_turn(
                    turn_id=self.id,
                    code=self._failure.code,
                    text=self.text,
                    at=at,
                    retry_after=None if retry_after is None else max(round(retry_after), 1),
                )
            usage = self._usage or self._estimate()
            return finish_turn(
                turn_id=self.id,
                text=self.text,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                model=self.prepared.model,
                at=at,
                citations=self._citations(),
                trimmed_turns=self._trimmed,
                first_token_at=self._first_token_at,
                is_stopped=self._is_stopping and self._usage is None,
            )

    def _estimate(self) -> Usage:
        """Tokens of an answer that was cut off, before the provider could count them."""
        if not self.text:
            return Usage(0, 0, is_estimated=True)
        request, _dropped = assemble(self.prepared.input)
        sent = sum(estimate_tokens(message.content) for message in request.messages)
        return Usage(sent, estimate_tokens(self.text), is_estimated=True)
