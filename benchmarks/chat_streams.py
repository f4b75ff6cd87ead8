"""Reading N streamed answers at once and timing them against the stamps that the model server put in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.load import cpu_seconds

# A word of the "stamp" model: when it was sent, in nanoseconds of the machine's monotonic clock.
STAMP = re.compile(rb"(\d{12,19}) ")


@dataclass(frozen=True)
class Asked:
    """One request for a streamed answer, ready for the socket."""

    port: int
    request: bytes
    # Whether a piece of the body carries text of the answer, and whether it is the last one.
    says: Callable[[bytes], bool]
    ends: Callable[[bytes], bool]


@dataclass
class Heard:
    """Times in seconds: to the first text, from the sending of each word to its arrival."""

    first: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    failures: int = 0
    # CPU of the watched server over the whole run, and while all streams were open.
    cpu: float = 0.0
    steady_cpu: float = 0.0
    steady_chunks: int = 0


async def listen(asked: list[Asked], *, seconds: float, spread: float, server: int) -> Heard:
    """Ask all, evenly over ``spread`` seconds, and read every answer, which takes ``seconds``, to its end."""
    heard = Heard()
    before = cpu_seconds(server)
    tasks = [
        asyncio.create_task(_read(one, heard, spread * number / len(asked)))
        for number, one in enumerate(asked)
    ]
    await asyncio.sleep(spread + seconds * 0.3)
    cpu, chunks = cpu_seconds(server), len(heard.delays)
    await asyncio.sleep(max(0.1, seconds * 0.6 - spread))
    heard.steady_cpu, heard.steady_chunks = cpu_seconds(server) - cpu, len(heard.delays) - chunks
    await asyncio.gather(*tasks)
    # What is written down at the end of a turn belongs to it.
    await asyncio.sleep(0.3)
    heard.cpu = cpu_seconds(server) - before
    return heard


async def _read(asked: Asked, heard: Heard, wait: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", asked.port, limit=1 << 22)
    await asyncio.sleep(wait)
    begun = time.monotonic()
    writer.write(asked.request)
    is_first = True
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head[:200])
        while size := int(await reader.readline(), 16):
            piece = await reader.readexactly(size + 2)
            now = time.monotonic_ns()
            if asked.says(piece) and (stamps := STAMP.findall(piece)):
                if is_first:
                    heard.first.append(now / 1e9 - begun)
                    is_first = False
                heard.delays += [(now - int(stamp)) / 1e9 for stamp in stamps]
            if asked.ends(piece):
                break
    except (OSError, asyncio.IncompleteReadError, ValueError):
        heard.failures += 1
    finally:
        heard.failures += is_first
        writer.close()
