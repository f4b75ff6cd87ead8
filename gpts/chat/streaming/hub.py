"""Runs the turns of one event loop: starts them, mirrors them to Redis, stops them on request."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from core.connections import release_connection
from core.errors import DomainError
from gpts.chat.services.rechecks import (
    RequestAccess,
    RunningAnswer,
    find_ended_requests,
    find_turns_without_access,
)
from gpts.chat.streaming.connection import (
    ALIVE_SECONDS,
    STOPS,
    build_events_key,
    build_running_key,
    build_stop_key,
    close_async_redis,
    get_async_redis,
)
from gpts.chat.streaming.job import TurnJob
from gpts.chat.streaming.live import FRAME_SECONDS, LiveTurn
from gpts.chat.streaming.mirror import add_new_output
from gpts.chat.streaming.threads import get_chat_loop, in_thread
from gpts.llm.runtime.openai_clients import close_clients
from gpts.llm.runtime.types import Pace

log = structlog.get_logger(__name__)

# Frames get longer with the number of running answers, up to 0.03 s, which still reads smoothly.
FRAME_GROWTH = 0.0001
LONGEST_FRAME = 0.03
# Redis gets text less often than readers, because it serves only other processes, resuming and recovery,
# and each round costs half a millisecond of CPU.
MIRROR_SECONDS = 0.25
ALIVE_EVERY = 5.0
KEEP_RUNNING = 3_600
KEEP_ENDED = 300
RETRY_SECONDS = 1.0
LISTEN_SECONDS = 1.0
# A person who loses access sees the answer for at most this long.
RECHECK_SECONDS = 2.0
# Turns and readers are cut off when their access could not be read for this long.
UNREADABLE_SECONDS = 30.0


class Hub:
    """One for each event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.turns: dict[UUID, LiveTurn] = {}
        # Readers of turns that other requests started, and the future that ends each of them.
        self._readers: dict[asyncio.Future[None], RequestAccess] = {}
        self.pace = Pace(FRAME_SECONDS)
        self._tasks: set[asyncio.Task[None]] = set()
        # Turns with a heartbeat in Redis -> numbers of characters and frames that are mirrored.
        self._mirrored: dict[UUID, tuple[int, int]] = {}
        # Held by one writer at a time, so that the end of a turn does not add what is on its way to Redis.
        self._writing = asyncio.Lock()
        self._listener: asyncio.Task[None] | None = None
        self._mirror: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None

    def start(self, job: TurnJob) -> LiveTurn:
        """Run a turn in a task of this hub, so that it outlives the request. Thread-safe."""
        live = LiveTurn(job)
        self.loop.call_soon_threadsafe(self._launch, live)
        return live

    async def run_to_end(self, job: TurnJob) -> None:
        """Run a turn and wait until it is recorded; raises the first error of recording, after the end."""
        await self._launch(LiveTurn(job))

    def _launch(self, live: LiveTurn) -> asyncio.Task[None]:
        self.turns[live.id] = live
        live.pace = self.pace
        self._set_pace()
        task = asyncio.create_task(self._run(live))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        if self._mirror is None or self._mirror.done():
            self._mirror = asyncio.create_task(self._mirror_all())
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        self._ensure_watch()
        return task

    def _ensure_watch(self) -> None:
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watch_access())

    @contextmanager
    def watch_reader(self, access: RequestAccess) -> Iterator[asyncio.Future[None]]:
        """Yield a future that is done when the reader's person or API key no longer counts."""
        ended: asyncio.Future[None] = self.loop.create_future()
        self._readers[ended] = access
        self._ensure_watch()
        try:
            yield ended
        finally:
            del self._readers[ended]

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # logged by the turn; reading it says that it was not overlooked

    async def close(self) -> None:
        """Stop the background tasks and close the connections of this loop, once its turns have ended."""
        background = [task for task in (self._mirror, self._listener, self._watch) if task is not None]
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await close_async_redis()
        await close_clients()

    async def _run(self, live: LiveTurn) -> None:
        try:
            await live.run()
        finally:
            if live.last:
                await self._mirror_end(live, live.last)
            self.turns.pop(live.id, None)
            self._mirrored.pop(live.id, None)
            self._set_pace()

    def _set_pace(self) -> None:
        self.pace.seconds = min(FRAME_SECONDS + FRAME_GROWTH * len(self.turns), LONGEST_FRAME)

    async def _watch_access(self) -> None:
        """Cut off turns and readers that lost their access; ends when none is left.

        While the access cannot be read, all go on for a short time, then all are cut off.
        """
        clock = asyncio.get_running_loop().time
        read_at = clock()
        await asyncio.sleep(RECHECK_SECONDS)
        while self.turns or self._readers:
            answers = [live.job.access for live in self.turns.values()]
            requests = set(self._readers.values())
            try:
                lost, ended = await in_thread(_find_lost_access, answers, requests)
                read_at = clock()
            except (DatabaseError, DomainError) as error:
                log.warning("access_not_rechecked", error=type(error).__name__)
                is_over = clock() - read_at >= UNREADABLE_SECONDS
                lost = {answer.turn_id for answer in answers} if is_over else set()
                ended = requests if is_over else set()
            self._cut_off(lost, ended)
            await asyncio.sleep(RECHECK_SECONDS)

    def _cut_off(self, turns: set[UUID], requests: set[RequestAccess]) -> None:
        for turn in turns:
            if (live := self.turns.get(turn)) is not None:
                log.info("turn_access_ended", turn=str(turn))
                live.cut_off()
        for future, access in self._readers.items():
            if access in requests and not future.done():
                log.info("reader_access_ended", user=access.user_id)
                future.set_result(None)

    # Redis ---------------------------------------------------------------------------------------------

    async def _mirror_all(self) -> None:
        """Write new output of all turns, one round trip at a time; ends when no turn is left."""
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

    async def _mirror_once(self, renewed: Sequence[LiveTurn]) -> None:
        """Write new output of all turns; for ``renewed``, write heartbeats and read stop keys too."""
        async with self._writing, get_async_redis().pipeline(transaction=False) as pipe:
            renewed = [live for live in renewed if not live.is_over]
            for live in renewed:
                pipe.set(build_running_key(live.id), "1", ex=ALIVE_SECONDS)
            sizes: dict[UUID, tuple[int, int]] = {}
            for live in self.turns.values():
                if not live.is_over:
                    sizes[live.id] = self._add_new_output(pipe, live)
            for live in renewed:
                pipe.exists(build_stop_key(live.id))
            answers = await pipe.execute()
            self._mirrored |= {turn: size for turn, size in sizes.items() if turn in self.turns}
        for live, is_stopped in zip(renewed, answers[-len(renewed) :] if renewed else (), strict=True):
            if is_stopped:
                live.stop()

    def _add_new_output(self, pipe: Any, live: LiveTurn) -> tuple[int, int]:
        """Add output since the last round; returns how many characters and frames are mirrored then."""
        before = self._mirrored.get(live.id, (0, 0))
        size = add_new_output(pipe, live, before)
        if before == (0, 0) and size != before:
            pipe.expire(build_events_key(live.id), KEEP_RUNNING)
        return size

    async def _mirror_end(self, live: LiveTurn, last: bytes) -> None:
        key = build_events_key(live.id)
        try:
            async with self._writing, get_async_redis().pipeline(transaction=False) as pipe:
                self._add_new_output(pipe, live)
                pipe.xadd(key, {"end": last.decode()})
                pipe.expire(key, KEEP_ENDED)
                pipe.delete(build_running_key(live.id), build_stop_key(live.id))
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("turn_end_not_mirrored", turn=str(live.id), error=type(error).__name__)

    async def _listen(self) -> None:
        """Stop turns on requests that any process publishes."""
        task = asyncio.current_task()
        assert task is not None  # a coroutine of the loop
        # Checked because the client may swallow a cancellation while it connects.
        while not task.cancelling():
            try:
                async with get_async_redis().pubsub(ignore_subscribe_messages=True) as channel:
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


def _find_lost_access(
    answers: list[RunningAnswer], requests: set[RequestAccess]
) -> tuple[set[UUID], set[RequestAccess]]:
    at = timezone.now()
    lost = find_turns_without_access(answers, at=at) if answers else set()
    return lost, find_ended_requests(requests, at=at) if requests else set()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def get_hub() -> Hub:
    """Return the hub of the caller's event loop."""
    loop = get_chat_loop()
    found = _hubs.get(loop)
    return found if found is not None else _hubs.setdefault(loop, Hub(loop))


def run_turn_to_end(job: TurnJob) -> None:
    """Run a turn on a new event loop and block until it has ended; for workers and threads.

    Heartbeat, mirror and stop requests work as in a web process. Not inside a transaction.
    """
    release_connection("turn")
    asyncio.run(_run_on_own_loop(job))


async def _run_on_own_loop(job: TurnJob) -> None:
    own = get_hub()
    try:
        await own.run_to_end(job)
    finally:
        await own.close()
