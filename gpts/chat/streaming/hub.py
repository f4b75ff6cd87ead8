"""The turns that run in this process: started here, mirrored to Redis, stopped from anywhere."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from uuid import UUID

import structlog
from django.db import DatabaseError
from redis.exceptions import RedisError

from core.scope import Scope
from gpts.chat.services.rechecks import find_turns_without_access
from gpts.chat.services.turn_inputs import PreparedTurn
from gpts.chat.streaming.connection import (
    ALIVE_SECONDS,
    STOPS,
    async_redis,
    events_key,
    running_key,
    stop_key,
)
from gpts.chat.streaming.frames import HEARTBEAT, text_frame
from gpts.chat.streaming.live import FRAME_SECONDS, HEARTBEAT_SECONDS, LiveTurn
from gpts.chat.streaming.threads import chat_loop, in_thread
from gpts.llm.runtime.types import Pace

log = structlog.get_logger(__name__)

# The more answers run, the longer their frames, up to thirty-three a second, which still read smoothly.
FRAME_GROWTH = 0.0001
LONGEST_FRAME = 0.03
# Text goes to Redis in larger pieces than to readers: it serves other processes, resuming and recovery.
# Each round costs half a millisecond of CPU, as much as four chunks.
MIRROR_SECONDS = 0.25
ALIVE_EVERY = 5.0
KEEP_RUNNING = 3_600
KEEP_ENDED = 300
RETRY_SECONDS = 1.0
LISTEN_SECONDS = 1.0
# Somebody who loses access reads on for no longer than this.
RECHECK_SECONDS = 2.0


class Hub:
    """One for each event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.turns: dict[UUID, LiveTurn] = {}
        self.pace = Pace(FRAME_SECONDS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._mirrored: dict[UUID, int] = {}
        self._listener: asyncio.Task[None] | None = None
        self._mirror: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None

    def start(self, prepared: PreparedTurn, scope: Scope, language: str) -> LiveTurn:
        """Run a turn in a task that this hub holds, so that it outlives the request; from any thread."""
        live = LiveTurn(prepared, scope, language)
        self.loop.call_soon_threadsafe(self._launch, live)
        return live

    def _launch(self, live: LiveTurn) -> None:
        self.turns[live.id] = live
        live.pace = self.pace
        self._set_pace()
        self._keep(asyncio.create_task(self._run(live)))
        if self._mirror is None or self._mirror.done():
            self._mirror = asyncio.create_task(self._mirror_all())
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watch_access())

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, live: LiveTurn) -> None:
        try:
            last = await live.run()
            await self._mirror_end(live, last)
        finally:
            self.turns.pop(live.id, None)
            self._mirrored.pop(live.id, None)
            self._set_pace()

    def _set_pace(self) -> None:
        self.pace.seconds = min(FRAME_SECONDS + FRAME_GROWTH * len(self.turns), LONGEST_FRAME)

    async def _watch_access(self) -> None:
        """Cut off the turns of people who lost their access; ends when no turn is left."""
        await asyncio.sleep(RECHECK_SECONDS)
        while self.turns:
            asked = [live.asked_by() for live in self.turns.values()]
            try:
                lost = await in_thread(find_turns_without_access, asked)
            except DatabaseError as error:
                log.warning("access_not_rechecked", error=type(error).__name__)
                lost = set()
            for turn in lost:
                if (live := self.turns.get(turn)) is not None:
                    log.info("turn_access_ended", turn=str(turn))
                    live.cut_off()
            await asyncio.sleep(RECHECK_SECONDS)

    # Redis ---------------------------------------------------------------------------------------------

    async def _mirror_all(self) -> None:
        """Write what was said since the last round, for all turns in one go; ends when none is left."""
        clock = asyncio.get_running_loop().time
        alive_at = 0.0
        while self.turns:
            is_due = clock() - alive_at >= ALIVE_EVERY
            fresh = [live for live in self.turns.values() if live.id not in self._mirrored]
            try:
                await self._mirror_once(list(self.turns.values()) if is_due else fresh)
            except (RedisError, OSError) as error:
                log.warning("turns_not_mirrored", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            if is_due:
                alive_at = clock()
            await asyncio.sleep(MIRROR_SECONDS)

    async def _mirror_once(self, renewed: list[LiveTurn]) -> None:
        async with async_redis().pipeline(transaction=False) as pipe:
            for live in renewed:
                pipe.set(running_key(live.id), "1", ex=ALIVE_SECONDS)
            sizes = {live.id: len(live.text) for live in self.turns.values() if not live.is_over}
            for live in self.turns.values():
                if live.id in sizes:
                    self._add_text(pipe, live, sizes[live.id])
            for live in renewed:
                pipe.exists(stop_key(live.id))
            answers = await pipe.execute()
        self._mirrored |= {turn: size for turn, size in sizes.items() if turn in self.turns}
        for live, is_stopped in zip(renewed, answers[-len(renewed) :] if renewed else (), strict=True):
            if is_stopped:
                live.stop()

    def _add_text(self, pipe: object, live: LiveTurn, size: int) -> None:
        before = self._mirrored.get(live.id, 0)
        if size > before:
            key = events_key(live.id)
            pipe.xadd(key, {"text": live.text[before:size]})  # type: ignore[attr-defined]  # redis pipelines are untyped
            if not before:
                pipe.expire(key, KEEP_RUNNING)  # type: ignore[attr-defined]

    async def _mirror_end(self, live: LiveTurn, last: bytes) -> None:
        key = events_key(live.id)
        try:
            async with async_redis().pipeline(transaction=False) as pipe:
                self._add_text(pipe, live, len(live.text))
                pipe.xadd(key, {"end": last.decode()})
                pipe.expire(key, KEEP_ENDED)
                pipe.delete(running_key(live.id), stop_key(live.id))
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("turn_end_not_mirrored", turn=str(live.id), error=type(error).__name__)

    async def _listen(self) -> None:
        """Stop the turns that somebody, in whichever process, asked to stop."""
        task = asyncio.current_task()
        assert task is not None  # a coroutine of the loop
        # A cancellation may be lost in the client while it connects; then the process would not end.
        while not task.cancelling():
            try:
                async with async_redis().pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(STOPS)
                    while not task.cancelling():
                        message = await channel.get_message(timeout=LISTEN_SECONDS)
                        if message is not None:
                            self._stop(message["data"])
            except (RedisError, OSError) as error:
                log.warning("stops_not_heard", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    def _stop(self, identifier: str) -> None:
        live = self.turns.get(UUID(identifier))
        if live is not None:
            live.stop()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the caller's event loop."""
    loop = chat_loop()
    found = _hubs.get(loop)
    return found if found is not None else _hubs.setdefault(loop, Hub(loop))


async def follow_elsewhere(turn: UUID, offset: int) -> AsyncIterator[bytes]:
    """Frames of a turn that runs in another process, from its Redis Stream.

    Ends without an end frame when the process that ran it is gone.
    """
    client = async_redis()
    last, said = "0", 0
    while True:
        rows = await client.xread(
            {events_key(turn): last}, block=int(HEARTBEAT_SECONDS * 1000 / 3), count=500
        )
        if not rows:
            if not await client.exists(running_key(turn)):
                return
            yield HEARTBEAT
            continue
        texts: list[str] = []
        end = ""
        for last, fields in rows[0][1]:  # noqa: B007  # the last id is where the next read begins
            texts.append(fields.get("text", ""))
            end = fields.get("end", end)
        fresh = "".join(texts)
        begin, said = said, said + len(fresh)
        if said > offset:
            yield text_frame(fresh[max(offset - begin, 0) :], said)
        if end:
            yield end.encode()
            return
