"""Runs the child process that reads a file within limits, and yields its sections as they arrive."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from threading import Timer
from typing import Any

from core.limited_process import ENVIRONMENT, ROOT, build_command
from gpts.knowledge.extraction.sniffing import PDF, ZIPPED, get_media_type
from gpts.knowledge.extraction.types import (
    Limits,
    Section,
    TooSlowError,
    UnreadableError,
    get_cpu_seconds,
    get_wall_seconds,
)

# Bytes; longer than any line that the worker writes.
LINE_LIMIT = 16 * 1024 * 1024
# After this silence the last progress is reported again, so that callers can write a heartbeat.
QUIET_SECONDS = 5.0
# Time for the child to exit after its last message.
ENDING_SECONDS = 5.0
CHUNK_BYTES = 256 * 1024
_REPORT_NOTHING: Callable[[float], None] = lambda _share: None  # noqa: E731  # a default argument
SIGXCPU = 24


class CrashedError(Exception):
    """The child ended without a result: killed, or a fault in a library. A retry may succeed."""

    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


def read_file(
    path: Path,
    media_type: str,
    *,
    limits: Limits | None = None,
    report: Callable[[float], None] = _REPORT_NOTHING,
    module: str = "gpts.knowledge.extraction.worker",
) -> Iterator[Section]:
    """Yield the sections of a file as the child reads them, in constant memory.

    ``report`` gets the share that is done, 0-1, at least every QUIET_SECONDS. Raises UnreadableError,
    CrashedError, and TooSlowError after the CPU time for a file of this size, or far longer by the clock.
    Ending or closing the iterator kills the child.
    """
    limits = limits or Limits()
    seconds = get_cpu_seconds(
        limits, path.stat().st_size, is_packed=media_type == PDF or media_type in ZIPPED
    )
    limits = replace(limits, seconds=seconds)
    with tempfile.TemporaryFile() as errors:
        # No shell, only our own arguments, and an environment without secrets.
        child = subprocess.Popen(
            build_command(module, str(path), media_type, json.dumps(asdict(limits))),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env=ENVIRONMENT,
            close_fds=True,
            start_new_session=True,
        )
        is_late = False

        def stop() -> None:
            nonlocal is_late
            is_late = True
            child.kill()

        alarm = Timer(get_wall_seconds(limits.seconds), stop)
        alarm.daemon = True
        alarm.start()
        try:
            is_whole = False
            done = 0.0
            for message in _iter_messages(child):
                if message is None or "p" in message:
                    done = done if message is None else float(message["p"])
                    report(done)
                elif "e" in message:
                    raise UnreadableError(str(message["e"]))
                elif "ok" in message:
                    is_whole = True
                else:
                    yield Section(str(message["h"]), tuple(map(str, message["t"])), message["n"])
            try:
                code = child.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                # It has written its result but does not exit.
                child.kill()
                code = child.wait()
            if is_late or code == -SIGXCPU:
                raise TooSlowError(used_cpu=code == -SIGXCPU)
            if not is_whole:
                raise CrashedError(code)
        finally:
            alarm.cancel()
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _iter_messages(child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any] | None]:
    """Yield the child's messages, and None whenever there was none for QUIET_SECONDS."""
    assert child.stdout is not None  # because of PIPE above
    output = child.stdout.fileno()
    waiting = select.poll()
    waiting.register(output, select.POLLIN | select.POLLHUP)
    held = b""
    while True:
        if not waiting.poll(QUIET_SECONDS * 1000):
            yield None
            continue
        data = os.read(output, CHUNK_BYTES)
        if not data or len(held) > LINE_LIMIT:
            return
        *lines, held = (held + data).split(b"\n")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                # An incomplete line: the child died while writing.
                return
            if isinstance(message, dict):
                yield message


def extract(name: str, data: bytes, *, limits: Limits | None = None) -> list[Section]:
    """Return the sections of a small file in memory; raises UnreadableError.

    A child that crashes counts as a damaged file.
    """
    return list(iter_sections(name, data, limits=limits))


def iter_sections(name: str, data: bytes, *, limits: Limits | None = None) -> Generator[Section, None, None]:
    """Like extract, but yield each section as it is read; closing the iterator kills the child."""
    media_type = get_media_type(name)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            yield from read_file(Path(file.name), media_type, limits=limits)
        except CrashedError:
            raise UnreadableError("malformed") from None
