"""Streamed answers through Loggia beside a direct call to the same model server, at 1, 32 and 128 streams.

Run by `script/bench chat [rounds]`. Starts servers of its own in a temporary directory (PostgreSQL, Redis,
one web process, the model server of the tests in a process of its own), prints a table, removes everything.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from benchmarks.chat_streams import Asked, Heard, listen
from benchmarks.store import ROOT, _manage, _server

PRODUCT_PORT, MODEL_PORT = 8943, 8944
# Words of an answer and how many of them a second: a quick hosted model.
WORDS, RATE = 150, 50
STREAMS = {1: 15, 32: 3, 128: 2}
CSRF = "b" * 32
ACROSS = 1.0


def main(factor: float) -> None:
    data = Path(tempfile.mkdtemp(prefix="loggia-bench-"))
    os.environ |= {
        "LOGGIA_ENV": "development", "DEBUG": "false", "LOGGIA_DATA_DIR": str(data), "LOG_LEVEL": "ERROR",
        "CHAT_TURNS_PER_MINUTE": "100000", "CHAT_RUNNING_TURNS": "1000",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    from config.servers.places import Places
    from config.servers.postgres import EmbeddedPostgres
    from config.servers.redis import EmbeddedRedis

    postgres, redis = EmbeddedPostgres(Places(data)), EmbeddedRedis(Places(data))
    try:
        postgres.start()
        redis.start()
        for command in ("setup_database", "migrate"):
            _manage(command)
        with _model_server(), _server("config.asgi:application", PRODUCT_PORT) as product:
            world = _world()
            _compare(world["slug"], world["sessions"], factor, product)
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(data, ignore_errors=True)


def _compare(slug: str, sessions: list[str], factor: float, product: int) -> None:
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, load {load:.1f} before; answers of {WORDS} words, {RATE} a second; one web"
    )
    print("process; reader, model server and database on the same cores. Times in ms, CPU a chunk in µs.")
    print("                    first text     added     delay a chunk   added   CPU a chunk   CPU a turn's")
    print("streams  begun      p50     p99      p50     p50     p99      p50      of ours    begin and end")
    for count in STREAMS:
        _run([_direct() for _ in range(2)], 0, product)
        _run([_ours(slug, session) for session in sessions[: min(count, 8)]], 0, product)
        for spread in (0.0,) if count == 1 else (0.0, ACROSS):
            rounds = max(1, round(STREAMS[count] * factor))
            theirs, ours = Heard(), Heard()
            for _round in range(rounds):
                _add(theirs, _run([_direct() for _ in range(count)], spread, product))
                _add(ours, _run([_ours(slug, session) for session in sessions[:count]], spread, product))
            _print(count, spread, theirs, ours, rounds * count)


def _run(asked: list[Asked], spread: float, server: int) -> Heard:
    return asyncio.run(listen(asked, seconds=WORDS / RATE, spread=spread, server=server))


def _add(total: Heard, more: Heard) -> None:
    for name in ("first", "delays", "failures", "cpu", "steady_cpu", "steady_chunks"):
        setattr(total, name, getattr(total, name) + getattr(more, name))


def _print(count: int, spread: float, theirs: Heard, ours: Heard, turns: int) -> None:
    begun = f"over {spread:g} s" if spread else "at once"
    chunk = ours.steady_cpu / max(1, ours.steady_chunks)
    a_turn = (ours.cpu - chunk * len(ours.delays)) / turns
    _line(f"{count:>7}  {begun:9}direct", theirs, "", "", "")
    _line(
        f"{'':7}  {'':9}Loggia",
        ours,
        f"{1000 * (_at(ours.first, 0.5) - _at(theirs.first, 0.5)):.1f}",
        f"{1000 * (_at(ours.delays, 0.5) - _at(theirs.delays, 0.5)):.1f}",
        f"{1e6 * chunk:>9.0f}    {1000 * a_turn:>9.1f} ms",
    )


def _line(name: str, heard: Heard, first: str, delay: str, cpu: str) -> None:
    failed = f"  {heard.failures} failed" if heard.failures else ""
    print(
        f"{name}{1000 * _at(heard.first, 0.5):>7.1f}{1000 * _at(heard.first, 0.99):>8.1f}{first:>9}"
        f"{1000 * _at(heard.delays, 0.5):>8.1f}{1000 * _at(heard.delays, 0.99):>8.1f}{delay:>9}{cpu}{failed}",
        flush=True,
    )


def _at(values: list[float], share: float) -> float:
    ordered = sorted(values) or [float("nan")]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _direct() -> Asked:
    messages = [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": "Tell me about arches."},
    ]
    body = json.dumps({"model": _model(), "stream": True, "messages": messages}).encode()
    return Asked(
        MODEL_PORT,
        _post("/v1/chat/completions", body, "Content-Type: application/json\r\n"),
        says=lambda piece: b'"content"' in piece,
        ends=lambda piece: b"[DONE]" in piece,
    )


def _ours(slug: str, session: str) -> Asked:
    body = urlencode({"text": "Tell me about arches.", "key": uuid4().hex}).encode()
    head = (
        "Accept: text/event-stream\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Cookie: loggia_session={session}; loggia_csrf={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
    )
    return Asked(
        PRODUCT_PORT,
        _post(f"/g/{slug}/chat/turns", body, head),
        says=lambda piece: b"event: delta" in piece,
        ends=lambda piece: b"event: end" in piece,
    )


def _post(path: str, body: bytes, head: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _model() -> str:
    return f"stamp:{WORDS}:{RATE}"


def _world() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chat_world", f"http://127.0.0.1:{MODEL_PORT}/v1", _model(),
         str(max(STREAMS))],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def _model_server() -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.openai_server", "--port", str(MODEL_PORT)], cwd=ROOT
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
