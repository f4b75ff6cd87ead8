"""One running turn: what it has said, who reads along, and how it ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone, translation
from django.utils.html import escape

from core.errors import DomainError
from core.markdown import MAX_CHARACTERS, render
from core.scope import Scope, open_scope
from gpts.chat.answer_html import describe_tools
from gpts.chat.json_answers import build_output_entry
from gpts.chat.models import Turn
from gpts.chat.services.rechecks import RunningAnswer
from gpts.chat.services.turn_inputs import PreparedTurn, build_citations
from gpts.chat.services.turns import fail_turn, finish_turn
from gpts.chat.streaming.frames import HEARTBEAT, end_frame, frame, text_frame
from gpts.chat.streaming.threads import in_render_thread, in_thread
from gpts.chat.streaming.watching import Watcher
from gpts.chat.turn_debug import build_debug_data, has_debug_data, remove_prompt_text
from gpts.llm.failure_messages import failure_message
from gpts.llm.runtime.clients import client_for
from gpts.llm.runtime.prompts import assemble, estimate_tokens
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    HistoryTrimmed,
    ImageMade,
    ModelFailure,
    Pace,
    TextDelta,
    ToolCalled,
    Usage,
)
from gpts.llm.states import TurnState
from gpts.metering.services.usage import cost_micros

log = structlog.get_logger(__name__)

# Words are joined into frames, as each costs a read from the model and a write to the reader; see Hub.pace.
FRAME_SECONDS = 0.02
# Text that comes a little early after the last frame, as timers do, is not kept for another one.
FRAME_SLACK = 0.8
# A paragraph without any of these characters is only escaped; markdown is rendered in a thread.
MARKUP = re.compile(r"[`*_~\[\]<>|#!\\&$:]|^\s*(?:[-+=]|\d+[.)])|\n", re.MULTILINE)
MADE_IMAGES = 10
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
        self._watchers: set[Watcher] = set()
        self._first_token_at: datetime | None = None
        self._rendering: asyncio.Task[None] | None = None
        self._tools: list[dict[str, Any]] = []
        self._images: list[tuple[str, bytes]] = []
        self._trimmed = prepared.left_out
        self._usage: Usage | None = None
        self._shown_debug: dict[str, Any] | None = None
        self._failure: ModelFailure | None = None
        self._is_stopping = False
        self._speaking: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop
        self.pace = Pace(FRAME_SECONDS)

    def asked_by(self) -> RunningAnswer:
        turn = self.prepared.turn
        return RunningAnswer(
            turn_id=self.id,
            user_id=turn.user_id,
            gpt_id=turn.gpt_id,
            is_draft=turn.version_id is None,
            workspace_ids=self.scope.workspace_ids,
        )

    # Reading along -------------------------------------------------------------------------------------

    async def follow(self, offset: int = 0, head: bytes = b"") -> AsyncGenerator[bytes, None]:
        """Frames from ``offset`` characters on until the end; a comment when nothing happens for long."""
        watcher = Watcher(HEARTBEAT_SECONDS)
        self._watchers.add(watcher)
        seen = 0
        try:
            if head:
                yield head
            while True:
                if len(self.text) > offset:
                    said, offset = self.text[offset:], len(self.text)
                    yield text_frame(said, offset)
                while seen < len(self.extras):
                    seen += 1
                    yield self.extras[seen - 1]
                if self.is_over:
                    return
                if not await watcher.wait():
                    yield HEARTBEAT
        finally:
            watcher.end()
            self._watchers.discard(watcher)

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
        turn = replace(self.prepared.input, pace=self.pace)
        if self.prepared.fixed_answer:
            self._add(self.prepared.fixed_answer)
            self._usage = Usage(0, 0)
            return
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
                    self._trimmed += event.dropped
                    self._tell("trimmed", {"messages": self._trimmed})
                elif isinstance(event, ToolCalled):
                    self._note_tool(event)
                elif isinstance(event, ImageMade) and len(self._images) < MADE_IMAGES:
                    self._images.append((event.media_type, event.data))
                    self._tell("image", {"number": len(self._images)})

    def _note_tool(self, event: ToolCalled) -> None:
        entry = {"kind": event.name, "label": event.label, "is_ok": event.is_ok}
        self._tools.append(entry)
        with translation.override(self.language):
            self._tell("tool", describe_tools([entry])[0])

    def _tell(self, event: str, data: dict[str, Any]) -> None:
        self.extras.append(frame(event, data))
        self._wake()

    def _add(self, text: str) -> None:
        # PostgreSQL has no NUL, and no model means one.
        self._pending.append(text.replace("\x00", "") if "\x00" in text else text)
        now = self._loop.time()
        if now - self._flushed_at >= self.pace.seconds * FRAME_SLACK:
            self._flush()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._flushed_at + self.pace.seconds, self._flush)

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
        if self._rendering is not None or self.prepared.input.output is not None:
            return
        boundary = self.text.rfind("\n\n", self._rendered)
        if boundary <= self._rendered:
            return
        piece = self.text[self._rendered : boundary]
        if piece.count("```") % 2 or piece.count("~~~") % 2:
            return
        upto = boundary + 2
        if MARKUP.search(piece) is None:
            self._rendered = upto
            self.extras.append(frame("html", {"html": f"<p>{escape(piece)}</p>\n", "upto": upto}))
            return
        self._rendering = self._loop.create_task(self._render(piece, upto))

    async def _render(self, piece: str, upto: int) -> None:
        html = await in_render_thread(_rendered, piece, self.language)
        self._rendering = None
        if self.is_over:
            return
        self._rendered = upto
        self._tell("html", {"html": html, "upto": upto})

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher.wake()

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
        if self._shown_debug is not None:
            self._tell("debug", self._shown_debug)
        return await in_render_thread(self._last_frame, self.turn)

    def _last_frame(self, turn: Turn) -> bytes:
        with translation.override(self.language):
            return end_frame(turn, self.text, self._citations(), self._tools)

    def _citations(self) -> list[dict[str, object]]:
        return build_citations(self.text, self.prepared.passages)

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
                    retrieval_score=self.prepared.retrieval_score,
                    debug=remove_prompt_text(self._debug(Usage(0, 0), at)),
                )
            usage = self._usage or self._estimate()
            asked = None if self.prepared.fixed_answer else self.prepared.input.output
            if (entry := build_output_entry(self.text, asked)) is not None:
                self._tools.append(entry)
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
                retrieval_score=self.prepared.retrieval_score,
                tools=self._tools,
                images=self._images,
                debug=remove_prompt_text(self._debug(usage, at)),
            )

    def _debug(self, usage: Usage, at: datetime) -> dict[str, Any] | None:
        turn = self.prepared.turn
        if not has_debug_data(turn):
            return None
        first = self._first_token_at
        self._shown_debug = build_debug_data(
            self.prepared,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_micros=cost_micros(
                self.prepared.model, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens
            ),
            first_token_ms=None if first is None else (first - turn.started_at).total_seconds() * 1000,
            total_ms=(at - turn.started_at).total_seconds() * 1000,
        )
        return self._shown_debug

    def _estimate(self) -> Usage:
        """Tokens of an answer that was cut off, before the provider could count them."""
        if not self.text:
            return Usage(0, 0, is_estimated=True)
        request, _dropped = assemble(self.prepared.input)
        sent = sum(estimate_tokens(message.content) for message in request.messages)
        return Usage(sent, estimate_tokens(self.text), is_estimated=True)


def _rendered(piece: str, language: str) -> str:
    with translation.override(language):
        return render(piece)
