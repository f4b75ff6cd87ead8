"""Sends requests as N clients over keep-alive connections and measures time and CPU."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import psutil


@dataclass(frozen=True)
class LoadResult:
    """Milliseconds at the median and 99th percentile, and CPU milliseconds per request."""

    requests: int
    per_second: float
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float
    failures: int


def get_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process with its running and its terminated children."""
    process = psutil.Process(pid)
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if one.pid == pid:
            total += times.children_user + times.children_system
    return total


def measure(
    port: int,
    addresses: list[str],
    *,
    clients: int,
    seconds: float,
    server: int,
    database: int,
    most: int | None = None,
) -> LoadResult:
    """Request the addresses in turn over ``clients`` connections for some seconds.

    Ends earlier after ``most`` requests.
    """
    before = get_cpu_seconds(server), get_cpu_seconds(database)
    started = time.perf_counter()
    taken, failures = asyncio.run(
        _send_requests(port, islice(cycle(addresses), most), clients, started + seconds)
    )
    wall = time.perf_counter() - started
    count = max(1, len(taken))
    taken.sort()
    return LoadResult(
        requests=len(taken),
        per_second=len(taken) / wall,
        p50=1000 * taken[len(taken) // 2],
        p99=1000 * taken[min(len(taken) - 1, int(len(taken) * 0.99))],
        server_cpu=1000 * (get_cpu_seconds(server) - before[0]) / count,
        database_cpu=1000 * (get_cpu_seconds(database) - before[1]) / count,
        failures=failures,
    )


async def _send_requests(
    port: int, addresses: Iterator[str], clients: int, until: float
) -> tuple[list[float], int]:
    taken: list[float] = []
    failures = 0

    async def client() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        while time.perf_counter() < until:
            address = next(addresses, None)
            if address is None:
                break
            begun = time.perf_counter()
            request = f"GET {address} HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\n\r\n"
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await _read_body(reader, head)
            taken.append(time.perf_counter() - begun)
            failures += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(client() for _number in range(clients)))
    return taken, failures


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.split(b":")[1]))
    body = b""
    while True:
        size = int(await reader.readline(), 16)
        body += await reader.readexactly(size)
        await reader.readexactly(2)
        if not size:
            return body
