"""Reads N streamed answers at once and times their words by the timestamps of the model server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil
import uvloop

from benchmarks.load import get_cpu_seconds

# A word of the "stamp" model: the time of its sending, in nanoseconds of the monotonic clock.
STAMP = re.compile(rb"(\d{12,19}) ")
TIMEOUT = 120.0


@dataclass(frozen=True)
class StreamRequest:
    """The bytes of a request for a streamed answer; `says` and `ends` mark text and final events."""

    port: int
    request: bytes
    says: bytes
    ends: bytes


@dataclass
class StreamTimings:
    """Times in seconds: until the first text, and between sending and arrival of each word.

    `steady` are the delays of words that were sent while all streams were open. `cpu` is the CPU time of each
    watched process in the whole run, `steady_cpu` while all streams were open, for `steady_seconds`.
    """

    first: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    steady: list[float] = field(default_factory=list)
    failures: int = 0
    frames: int = 0
    cpu: dict[str, float] = field(default_factory=dict)
    steady_cpu: dict[str, float] = field(default_factory=dict)
    steady_seconds: float = 0.0

    def add(self, more: StreamTimings) -> None:
        for name in ("first", "delays", "steady", "failures", "frames", "steady_seconds"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        for mine, theirs in ((self.cpu, more.cpu), (self.steady_cpu, more.steady_cpu)):
            for name, seconds in theirs.items():
                mine[name] = mine.get(name, 0.0) + seconds


class StreamReader(asyncio.Protocol):
    """Reads one answer with callbacks; a coroutine per chunk would use more CPU than the server."""

    def __init__(self, request: StreamRequest, timings: StreamTimings) -> None:
        self.request, self.timings = request, timings
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.started = 0.0
        self.rest = b""
        self.words: list[tuple[int, int]] = []
        self.has_status = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # of a stream socket

    def ask(self) -> None:
        self.started = time.monotonic()
        self.transport.write(self.request.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self.has_status:
            if not data.startswith(b"HTTP/1.1 200"):
                self._end()
                return
            self.has_status = True
        *events, self.rest = (self.rest + data).split(b"\n\n")
        for event in events:
            if self.request.says in event:
                self.timings.frames += 1
                if not self.words:
                    self.timings.first.append(now / 1e9 - self.started)
                self.words += [(int(stamp), now) for stamp in STAMP.findall(event)]
            elif self.request.ends in event:
                self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self.done.done():
            self.timings.failures += not self.words
            self.done.set_result(None)
            self.transport.close()


def time_streams(
    requests: list[StreamRequest], *, spread: float, watched: Mapping[str, int]
) -> StreamTimings:
    """Send all requests, evenly over ``spread`` seconds, and read every answer to its end."""
    return uvloop.run(_time_streams(requests, spread, watched))


async def _time_streams(
    requests: list[StreamRequest], spread: float, watched: Mapping[str, int]
) -> StreamTimings:
    timings, loop = StreamTimings(), asyncio.get_running_loop()
    readers = [await _connect(one, timings, loop) for one in requests]
    before = _read_cpu(watched)
    for number, reader in enumerate(readers):
        loop.call_later(spread * number / len(readers), reader.ask)
    ended = asyncio.gather(*(reader.done for reader in readers))
    started, steady = await _wait_for_first_words(readers), _read_cpu(watched)
    await asyncio.wait({r.done for r in readers}, timeout=TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
    stopped, steady_end = time.monotonic_ns(), _read_cpu(watched)
    await asyncio.wait_for(ended, TIMEOUT)
    # The CPU time of saving the turns counts too.
    await asyncio.sleep(0.3)
    after = _read_cpu(watched)
    timings.cpu = {name: after[name] - before[name] for name in after}
    timings.steady_cpu = {name: steady_end[name] - steady[name] for name in after}
    timings.steady_seconds = max(0.0, (stopped - started) / 1e9)
    for reader in readers:
        timings.delays += [(at - sent) / 1e9 for sent, at in reader.words]
        timings.steady += [(at - sent) / 1e9 for sent, at in reader.words if started <= sent <= stopped]
    return timings


async def _connect(
    request: StreamRequest, timings: StreamTimings, loop: asyncio.AbstractEventLoop
) -> StreamReader:
    _transport, reader = await loop.create_connection(
        lambda: StreamReader(request, timings), "127.0.0.1", request.port
    )
    return reader


async def _wait_for_first_words(readers: list[StreamReader]) -> int:
    """Return the time at which every stream has sent a word or has ended."""
    end = time.monotonic() + TIMEOUT
    while not all(reader.words or reader.done.done() for reader in readers) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return time.monotonic_ns()


def _read_cpu(watched: Mapping[str, int]) -> dict[str, float]:
    own = psutil.Process().cpu_times()
    return {name: get_cpu_seconds(pid) for name, pid in watched.items()} | {"reader": own.user + own.system}
