"""One running turn: its text so far, its readers, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from gpts.chat.streaming.frames import HEARTBEAT, build_frame, build_text_frame
from gpts.chat.streaming.job import TurnJob, TurnOutcome
from gpts.chat.streaming.watching import Watcher
from gpts.llm.failure_messages import get_failure_message
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    ModelFailure,
    OptionsLearned,
    Pace,
    TextDelta,
    TextWithdrawn,
    ThinkingDelta,
    Usage,
)
from gpts.llm.states import TurnState

log = structlog.get_logger(__name__)

# Words are joined into frames, because each frame costs a read and a write; see Hub.pace.
FRAME_SECONDS = 0.02
# Text is sent at once after this share of FRAME_SECONDS since the last frame, because timers are inexact.
FRAME_SLACK = 0.8
HEARTBEAT_SECONDS = 15.0
# Thinking is sent less often than text, each time as one event.
THINKING_SECONDS = 0.25
# The rest of a longer one is not kept.
MAX_THINKING = 100_000


class LiveTurn:
    """Runs a TurnJob in its own task, as its TurnSink; readers can join and leave."""

    def __init__(self, job: TurnJob) -> None:
        self.job = job
        self.id = job.id
        self.text = ""
        self.text_start = 0
        self.thinking = ""
        self.is_over = False
        self.pace = Pace(FRAME_SECONDS)
        # Frames except text: those that other processes get through Redis, and all.
        self.shared_frames: list[bytes] = []
        self._frames: list[bytes] = []
        self._pending: list[str] = []
        self._pending_thinking: list[str] = []
        self._thought_at = 0.0
        # Begin and end of each part of the text that proved to be thinking.
        self._withdrawn: list[tuple[int, int]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0
        self._watchers: set[Watcher] = set()
        self._first_token_at: datetime | None = None
        self._usage: Usage | None = None
        self._finish_reason = ""
        self._failure: ModelFailure | None = None
        self._learned: list[OptionsLearned] = []
        # The frame that ended it, and what broke the recording of the end, if anything did.
        self.last = b""
        self.error: BaseException | None = None
        self._is_stopping = False
        self._reading: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop

    # Readers -------------------------------------------------------------------------------------------

    async def follow(self, offset: int = 0, head: bytes = b"") -> AsyncGenerator[bytes, None]:
        """Yield frames from ``offset`` characters on until the end, with comments as heartbeat.

        Events other than text are sent from the first one on, also to a reader who reconnects.
        """
        watcher = Watcher(HEARTBEAT_SECONDS)
        self._watchers.add(watcher)
        seen = 0
        try:
            if head:
                yield head
            while True:
                if len(self.text) > offset:
                    fresh, offset = self.text[offset:], len(self.text)
                    yield build_text_frame(fresh, offset)
                while seen < len(self._frames):
                    seen += 1
                    yield self._frames[seen - 1]
                if self.is_over:
                    return
                if not await watcher.wait():
                    yield HEARTBEAT
        finally:
            watcher.end()
            self._watchers.discard(watcher)

    async def wait(self) -> None:
        """Return when the turn has ended."""
        async for _frame in self.follow(len(self.text)):
            pass

    # Output of the job ---------------------------------------------------------------------------------

    def add_text(self, text: str) -> None:
        # PostgreSQL cannot store NUL.
        self._pending.append(text.replace("\x00", "") if "\x00" in text else text)
        now = self._loop.time()
        if now - self._flushed_at >= self.pace.seconds * FRAME_SLACK:
            self._flush()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._flushed_at + self.pace.seconds, self._flush)

    def add_thinking(self, text: str) -> None:
        """Append to the thinking; readers get it a few times a second."""
        self._pending_thinking.append(text.replace("\x00", "") if "\x00" in text else text)
        if self._loop.time() - self._thought_at >= THINKING_SECONDS:
            self._flush_thinking()

    def withdraw_text(self, characters: int) -> None:
        """Take the last characters of the text out of the answer: they were thinking."""
        self._flush()
        begin = max(len(self.text) - characters, 0)
        self._withdrawn.append((begin, len(self.text)))
        self.text_start = len(self.text)
        self.send("withdrawn", {"begin": begin, "end": self.text_start})

    def get_answer(self) -> str:
        """Return the text without the parts that proved to be thinking."""
        kept, at = [], 0
        for begin, end in self._withdrawn:
            kept.append(self.text[at:begin])
            at = end
        return "".join([*kept, self.text[at:]])

    def send(self, event: str, data: dict[str, Any]) -> None:
        self._flush()
        sent = build_frame(event, data)
        self.shared_frames.append(sent)
        self.send_here(sent)

    def send_here(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._wake()

    def _flush_thinking(self) -> None:
        room = MAX_THINKING - len(self.thinking)
        text = "".join(self._pending_thinking)[:room]
        self._pending_thinking.clear()
        self._thought_at = self._loop.time()
        if not text:
            return
        if self._first_token_at is None:
            self._first_token_at = timezone.now()
        offset = len(self.thinking)
        self.thinking += text
        sent = build_frame("thinking", {"text": text, "offset": offset})
        self.shared_frames.append(sent)
        self.send_here(sent)

    def _flush(self) -> None:
        if self._pending_thinking:
            self._flush_thinking()
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
        self.job.handle_text(self)
        self._wake()

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher.wake()

    # Running -------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop the answer and keep its text; does nothing once the model has finished."""
        if self._reading is not None and not self._reading.done():
            self._is_stopping = True
            self._reading.cancel()

    def cut_off(self) -> None:
        """Fail the answer because its person lost access; no creator is paid for it."""
        if self._reading is not None and not self._reading.done():
            self._failure = ModelFailure(FailureCode.ACCESS_ENDED)
            self._reading.cancel()

    async def run(self) -> bytes:
        """Read the job's events, record the end, notify the readers, and return the last frame.

        Raises what broke the recording, after the readers have got an end.
        """
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.create_task(self._read_events())
        try:
            await asyncio.wait({self._reading})
        finally:
            # If the process is stopping, the job for lost turns records the end, with the text in Redis.
            self._reading.cancel()
        if not self._reading.cancelled() and (error := self._reading.exception()) is not None:
            self._failure = self._get_failure(error)
        self._flush()
        try:
            self.last = await self._record_end()
            self._frames.append(self.last)
        finally:
            self.is_over = True
            self._wake()
        if self.error is not None:
            raise self.error
        return self.last

    async def _record_end(self) -> bytes:
        """Let the job record the end; whatever fails there, return a last frame for the readers.

        ``error`` is then the first error. If the failure cannot be recorded either, the job for lost turns
        ends the turn, as after the death of the process.
        """
        outcome = self._get_outcome()
        last, self.error = await self._try(self.job.finish(outcome, self))
        if last is not None:
            return last
        log.error("turn_end_not_recorded", turn=str(self.id), exc_info=self.error)
        last, error = await self._try(self.job.finish_broken(outcome, self))
        if last is not None:
            return last
        log.error("turn_end_lost", turn=str(self.id), exc_info=error)
        note = get_failure_message(FailureCode.INTERRUPTED)
        return build_frame("end", {
            "turn": str(self.id), "state": TurnState.INTERRUPTED, "code": FailureCode.INTERRUPTED,
            "note": note, "html": "", "sources": [],
        })  # fmt: skip

    async def _try(self, ending: Coroutine[Any, Any, bytes]) -> tuple[bytes | None, BaseException | None]:
        """Run one attempt to end the turn; return its frame, or the error of any kind that broke it."""
        task = asyncio.create_task(ending)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        if task.cancelled():
            return None, None
        error = task.exception()
        return (task.result(), None) if error is None else (None, error)

    async def _read_events(self) -> None:
        limit = self.job.character_limit
        async with aclosing(self.job.run_events(self)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    self.add_text(event.text)
                    if len(self.text) >= limit:
                        self._finish_reason = "length"
                        return
                elif isinstance(event, ThinkingDelta):
                    self.add_thinking(event.text)
                elif isinstance(event, TextWithdrawn):
                    self.withdraw_text(event.characters)
                elif isinstance(event, Finished):
                    self._usage, self._finish_reason = event.usage, event.finish_reason
                elif isinstance(event, Failed):
                    self._failure = event.failure
                elif isinstance(event, OptionsLearned):
                    self._learned.append(event)
                else:
                    self.job.handle_event(event, self)

    def _get_failure(self, error: BaseException) -> ModelFailure:
        if isinstance(error, ModelFailure):
            return error
        log.error("turn_broke", turn=str(self.id), exc_info=error)
        return ModelFailure(FailureCode.MALFORMED_STREAM, detail="broke")

    def _get_outcome(self) -> TurnOutcome:
        return TurnOutcome(
            text=self.get_answer(),
            usage=self._usage,
            failure=self._failure,
            is_stopped=self._is_stopping and self._usage is None and self._failure is None,
            first_token_at=self._first_token_at,
            finish_reason=self._finish_reason,
            thinking=self.thinking.strip(),
            learned=tuple(self._learned),
        )
