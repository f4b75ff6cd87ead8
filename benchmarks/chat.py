"""Chat: first token, 200 live streams, a conversation of 500 turns, memory over 10,000 turns.

Run by `script/bench chat [part ...] [--workers N] [--turns N]`; parts are first, streams, opening, memory.
Starts servers of its own in a temporary directory, prints tables, removes everything.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import uuid4

import psutil

from benchmarks.chat_streams import StreamRequest, StreamTimings, time_streams
from benchmarks.knowledge_text import Writer
from benchmarks.load import get_cpu_seconds
from benchmarks.servers import ROOT, run_databases, run_module, run_web

PORT, MODEL_PORT = 8943, 8944
PARTS = ("first", "streams", "opening", "memory")
READERS, LONG_CONVERSATION = 200, 500
CSRF = "b" * 32
# Words per second, one chunk each, as from a fast hosted model.
RATE = 50
OPENINGS = 30


@dataclass
class Setup:
    """Slugs of the GPTs, session keys, the long conversation's id; `watched` maps names to process ids."""

    plain: str
    with_files: str
    sessions: list[str]
    long: str
    watched: dict[str, int] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    writer: Writer = field(default_factory=lambda: Writer(99))


def main(parts: list[str], workers: int, turns: int, megabytes: float) -> None:
    with (
        run_databases(CHAT_TURNS_PER_MINUTE="100000", CHAT_RUNNING_TURNS="1000") as watched,
        run_module("benchmarks.chat_model", str(MODEL_PORT)) as model,
    ):
        setup = _create_data(megabytes if "first" in parts else 0.0)
        with run_web(PORT, workers) as process:
            setup.watched = {"web": process, "model": model, **watched}
            print(
                f"{os.cpu_count()} cores, {workers} web processes; readers, model server, databases on them"
            )
            _send_requests(
                [_build_loggia_request(setup, setup.plain, n % READERS, 5, RATE) for n in range(20)], setup
            )
            _send_requests(
                [_build_loggia_request(setup, setup.with_files, n % READERS, 5, RATE) for n in range(20)],
                setup,
            )
            for part in parts:
                PART_FUNCTIONS[part](setup, turns)


# First token -------------------------------------------------------------------------------------------


def _measure_first_token(setup: Setup, _turns: int) -> None:
    """Send the same load directly to the model server and through Loggia, alternately."""
    print(f"\nfirst text, ms; load {_get_load_average()}")
    print(
        "streams begun      direct p50    Loggia p50     p90  added p50   with retrieval p50     p90   more"
    )
    for count, spread, rounds in ((1, 0.0, 30), (32, 1.0, 3), (32, 0.0, 4)):
        direct, plain, with_files = StreamTimings(), StreamTimings(), StreamTimings()
        words = 5 if count == 1 else 75
        for _round in range(rounds):
            direct.add(
                _send_requests([_build_model_request(words, RATE) for _ in range(count)], setup, spread)
            )
            for timings, slug in ((plain, setup.plain), (with_files, setup.with_files)):
                requests = [
                    _build_loggia_request(setup, slug, reader, words, RATE) for reader in range(count)
                ]
                timings.add(_send_requests(requests, setup, spread))
        start = "at once" if not spread else f"over {spread:g} s"
        p90s = [1000 * _get_quantile(timings.first, 0.9) for timings in (plain, with_files)]
        times = [1000 * _get_quantile(timings.first, 0.5) for timings in (direct, plain, with_files)]
        print(
            f"{count:>7} {start:9}{times[0]:>11.1f}{times[1]:>14.1f}{p90s[0]:>8.1f}"
            f"{times[1] - times[0]:>11.1f}{times[2]:>21.1f}{p90s[1]:>8.1f}"
            f"{times[2] - times[1]:>7.1f}{_format_failures(direct, plain, with_files)}",
            flush=True,
        )


# Streams -----------------------------------------------------------------------------------------------


def _measure_streams(setup: Setup, _turns: int) -> None:
    """Measure the delay of words while all streams are open, without the start and end of the run."""
    print(
        f"\ndelay of a word, ms, {RATE} words a second a stream; CPU in seconds a second;"
        f" load {_get_load_average()}"
    )
    print(
        "streams            p50    p99    max   p99 of all   frames/s  CPU a word"
        "   web  model reader   PG Redis"
    )
    for count, words in ((1, 250), (32, 250), (100, 400), (200, 500)):
        spread = count / 50
        direct = _send_requests([_build_model_request(words, RATE) for _ in range(count)], setup, spread)
        requests = [_build_loggia_request(setup, setup.plain, reader, words, RATE) for reader in range(count)]
        ours = _send_requests(requests, setup, spread)
        _print_streams(f"{count:>7} direct", direct, "model")
        _print_streams(f"{'':7} Loggia", ours, "web")
        added = 1000 * (_get_quantile(ours.steady, 0.99) - _get_quantile(direct.steady, 0.99))
        print(f"{'':7} added p99 {added:.1f} ms{_format_failures(direct, ours)}", flush=True)


def _print_streams(name: str, timings: StreamTimings, whose: str) -> None:
    seconds = max(timings.steady_seconds, 0.001)
    share = {process: cpu / seconds for process, cpu in timings.steady_cpu.items()}
    word = 1e6 * timings.steady_cpu[whose] / max(1, len(timings.steady))
    delays = [1000 * _get_quantile(timings.steady, at) for at in (0.5, 0.99, 1.0)]
    delays.append(1000 * _get_quantile(timings.delays, 0.99))
    frames = timings.frames / max(0.001, len(timings.delays)) * len(timings.steady) / seconds
    print(
        f"{name:14}{delays[0]:>8.1f}{delays[1]:>7.1f}{delays[2]:>7.1f}{delays[3]:>12.1f}"
        f"{frames:>12.0f}{word:>9.0f} µs"
        + "".join(f"{share[name]:>7.2f}" for name in ("web", "model", "reader", "PostgreSQL", "Redis"))
    )


# Opening a long conversation ---------------------------------------------------------------------------


def _measure_opening(setup: Setup, _turns: int) -> None:
    before = _read_cpu(setup)
    times, size = [], 0
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    for _time in range(OPENINGS):
        started = time.perf_counter()
        connection.request(
            "GET", f"/c/{setup.long}", headers={"Cookie": _build_cookie(setup, 0), "Host": "localhost"}
        )
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"The conversation answered {answer.status}.")
        size = len(body)
    cpu = {name: 1000 * (seconds - before[name]) / OPENINGS for name, seconds in _read_cpu(setup).items()}
    print(
        f"\nopening a conversation of {LONG_CONVERSATION} turns ({size / 1000:.0f} kB):"
        f" p50 {1000 * _get_quantile(times, 0.5):.1f} ms, p90 {1000 * _get_quantile(times, 0.9):.1f} ms;"
        f" CPU {cpu['web']:.1f} ms web, {cpu['PostgreSQL']:.1f} ms PostgreSQL; load {_get_load_average()}",
        flush=True,
    )


# Memory ------------------------------------------------------------------------------------------------


def _measure_memory(setup: Setup, turns: int) -> None:
    """Run short answers and measure the resident memory of all web processes after every tenth of them."""
    print(f"\nmemory over {turns:,} turns, MB of all web processes; load {_get_load_average()}")
    before, done, sizes = _read_cpu(setup), 0, [(0, _get_resident_megabytes(setup))]
    started = time.perf_counter()
    while done < turns:
        upto = done + turns // 10
        failures = 0
        while done < upto:
            timings = _send_requests(
                [_build_loggia_request(setup, setup.plain, (done + n) % READERS, 40, 0) for n in range(40)],
                setup,
                0.5,
            )
            done, failures = done + 40, failures + timings.failures
        sizes.append((done, _get_resident_megabytes(setup)))
        print(f"{done:>7,}{sizes[-1][1]:>8.1f}{f'  {failures} failed' if failures else ''}", flush=True)
    cpu = {name: 1000 * (seconds - before[name]) / done for name, seconds in _read_cpu(setup).items()}
    # The first tenth fills caches and pools.
    growth = 1000 * (sizes[-1][1] - sizes[1][1]) / (sizes[-1][0] - sizes[1][0]) * 1000
    print(
        f"{growth:.0f} kB a thousand turns after the first tenth; CPU a turn {cpu['web']:.1f} ms web,"
        f" {cpu['PostgreSQL']:.1f} ms PostgreSQL; {time.perf_counter() - started:.0f} s",
        flush=True,
    )


def _get_resident_megabytes(setup: Setup) -> float:
    process = psutil.Process(setup.watched["web"])
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 1e6


PART_FUNCTIONS: dict[str, Callable[[Setup, int], None]] = {
    "first": _measure_first_token,
    "streams": _measure_streams,
    "opening": _measure_opening,
    "memory": _measure_memory,
}


# Requests ----------------------------------------------------------------------------------------------


def _send_requests(requests: list[StreamRequest], setup: Setup, spread: float = 0.0) -> StreamTimings:
    return time_streams(requests, spread=spread, watched=setup.watched)


def _build_model_request(words: int, rate: int) -> StreamRequest:
    messages = [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": f"Tell me about arches. say:{words}:{rate}"},
    ]
    body = json.dumps({"model": "stamp", "stream": True, "messages": messages}).encode()
    request = _build_post("/v1/chat/completions", body, "Content-Type: application/json\r\n")
    return StreamRequest(MODEL_PORT, request, says=b'"content"', ends=b"[DONE]")


def _build_loggia_request(setup: Setup, slug: str, reader: int, words: int, rate: int) -> StreamRequest:
    """Build a first message; for the GPT with knowledge, a question about words of its files."""
    topic = "Tell me about arches."
    if slug == setup.with_files:
        topic = setup.writer.write_question(is_chinese=setup.chance.random() < 0.5)
    body = urlencode({"text": f"{topic} say:{words}:{rate}", "key": uuid4().hex}).encode()
    head = (
        "Accept: text/event-stream\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Cookie: {_build_cookie(setup, reader)}\r\nX-CSRFToken: {CSRF}\r\n"
    )
    request = _build_post(f"/g/{slug}/chat/turns", body, head)
    return StreamRequest(PORT, request, says=b"event: delta", ends=b"event: end")


def _build_cookie(setup: Setup, reader: int) -> str:
    return f"loggia_session={setup.sessions[reader]}; loggia_csrf={CSRF}"


def _build_post(path: str, body: bytes, head: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _get_quantile(values: list[float], share: float) -> float:
    ordered = sorted(values) or [float("nan")]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _read_cpu(setup: Setup) -> dict[str, float]:
    return {name: get_cpu_seconds(pid) for name, pid in setup.watched.items()}


def _get_load_average() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _format_failures(*timings: StreamTimings) -> str:
    failures = sum(one.failures for one in timings)
    return f"  {failures} failed" if failures else ""


def _create_data(megabytes: float) -> Setup:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chat_data", f"http://127.0.0.1:{MODEL_PORT}/v1", "stamp",
         str(READERS), str(LONG_CONVERSATION), str(megabytes)],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return Setup(**json.loads(done.stdout.strip().splitlines()[-1]))


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="script/bench chat")
    options.add_argument("parts", nargs="*", default=PARTS, metavar="part", help=", ".join(PARTS))
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--turns", type=int, default=10_000)
    options.add_argument("--megabytes", type=float, default=5.0, help="of each of the 20 knowledge files")
    given = options.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        options.error(f"unknown part: {', '.join(sorted(unknown))}")
    main(list(given.parts), given.workers, given.turns, given.megabytes)
