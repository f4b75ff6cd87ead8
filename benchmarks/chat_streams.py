"""Reading N streamed answers at once and timing them against the stamps that the model server put in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil
import uvloop

from benchmarks.load import cpu_seconds

# A word of the "stamp" model: when it was sent, in nanoseconds of the machine's monotonic clock.
STAMP = re.compile(rb"(\d{12,19}) ")
PATIENCE = 120.0


@dataclass(frozen=True)
class Asked:
    """One request for a streamed answer, ready for the socket; `says` and `ends` mark events of its body."""

    port: int
    request: bytes
    says: bytes
    ends: bytes


@dataclass
class Heard:
    """Times in seconds: to the first text, from the sending of each word to its arrival.

    `steady` are the delays of words that were sent while all streams were open, `cpu` what each watched
    process used over the whole run and `steady_cpu` in the steady time, which lasted `steady_seconds`.
    """

    first: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    steady: list[float] = field(default_factory=list)
    failures: int = 0
    frames: int = 0
    cpu: dict[str, float] = field(default_factory=dict)
    steady_cpu: dict[str, float] = field(default_factory=dict)
    steady_seconds: float = 0.0

    def add(self, more: Heard) -> None:
        for name in ("first", "delays", "steady", "failures", "frames", "steady_seconds"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        for mine, theirs in ((self.cpu, more.cpu), (self.steady_cpu, more.steady_cpu)):
            for name, seconds in theirs.items():
                mine[name] = mine.get(name, 0.0) + seconds


class Reader(asyncio.Protocol):
    """Reads one answer by callbacks; a coroutine a chunk would take more of the cores than the server."""

    def __init__(self, asked: Asked, heard: Heard) -> None:
        self.asked, self.heard = asked, heard
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begun = 0.0
        self.rest = b""
        self.words: list[tuple[int, int]] = []
        self.is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # of a stream socket

    def ask(self) -> None:
        self.begun = time.monotonic()
        self.transport.write(self.asked.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self.is_answered:
            if not data.startswith(b"HTTP/1.1 200"):
                self._end()
                return
            self.is_answered = True
        *events, self.rest = (self.rest + data).split(b"\n\n")
        for event in events:
            if self.asked.says in event:
                self.heard.frames += 1
                if not self.words:
                    self.heard.first.append(now / 1e9 - self.begun)
                self.words += [(int(stamp), now) for stamp in STAMP.findall(event)]
            elif self.asked.ends in event:
                self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self.over.done():
            self.heard.failures += not self.words
            self.over.set_result(None)
            self.transport.close()


def listen(asked: list[Asked], *, spread: float, watched: Mapping[str, int]) -> Heard:
    """Ask all, evenly over ``spread`` seconds, and read every answer to its end."""
    return uvloop.run(_listen(asked, spread, watched))


async def _listen(asked: list[Asked], spread: float, watched: Mapping[str, int]) -> Heard:
    heard, loop = Heard(), asyncio.get_running_loop()
    readers = [await _connected(one, heard, loop) for one in asked]
    before = _clocks(watched)
    for number, reader in enumerate(readers):
        loop.call_later(spread * number / len(readers), reader.ask)
    ended = asyncio.gather(*(reader.over for reader in readers))
    started, steady = await _all_speak(readers), _clocks(watched)
    await asyncio.wait({r.over for r in readers}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    stopped, steady_end = time.monotonic_ns(), _clocks(watched)
    await asyncio.wait_for(ended, PATIENCE)
    # What is written down at the end of a turn belongs to it.
    await asyncio.sleep(0.3)
    after = _clocks(watched)
    heard.cpu = {name: after[name] - before[name] for name in after}
    heard.steady_cpu = {name: steady_end[name] - steady[name] for name in after}
    heard.steady_seconds = max(0.0, (stopped - started) / 1e9)
    for reader in readers:
        heard.delays += [(at - sent) / 1e9 for sent, at in reader.words]
        heard.steady += [(at - sent) / 1e9 for sent, at in reader.words if started <= sent <= stopped]
    return heard


async def _connected(asked: Asked, heard: Heard, loop: asyncio.AbstractEventLoop) -> Reader:
    _transport, reader = await loop.create_connection(lambda: Reader(asked, heard), "127.0.0.1", asked.port)
    return reader


async def _all_speak(readers: list[Reader]) -> int:
    """When every stream has said something, or has ended."""
    end = time.monotonic() + PATIENCE
    while not all(reader.words or reader.over.done() for reader in readers) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return time.monotonic_ns()


def _clocks(watched: Mapping[str, int]) -> dict[str, float]:
    own = psutil.Process().cpu_times()
    return {name: cpu_seconds(pid) for name, pid in watched.items()} | {"reader": own.user + own.system}
