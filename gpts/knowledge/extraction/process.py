"""Starts the limited child that reads a file, and takes what it finds as it comes."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from threading import Timer
from typing import Any

from gpts.knowledge.extraction.sniffing import get_media_type
from gpts.knowledge.extraction.types import Limits, Section, UnreadableError

ROOT = Path(__file__).resolve().parents[3]
# Longer than any line that our own child writes.
LINE_LIMIT = 16 * 1024 * 1024
# While the child says nothing for so many seconds, its last progress is reported again.
QUIET_SECONDS = 5.0
# Between the end of what the child says and its own end.
ENDING_SECONDS = 5.0
CHUNK_BYTES = 256 * 1024
_REPORT_NOTHING: Callable[[float], None] = lambda _share: None  # noqa: E731  # a default, not a function of its own
SIGXCPU = 24


class CrashedError(Exception):
    """The child died without a word: killed, or a fault in a library. Another try may go better."""

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
    """Yield the sections of a file as the child reads them; memory stays flat on both sides.

    ``report`` takes the share that is done, every few seconds at least. Raises UnreadableError, with
    ``timeout`` when the child's time is over, and CrashedError. The child is gone when the iterator ends or
    is closed.
    """
    limits = limits or Limits()
    with tempfile.TemporaryFile() as errors:
        # Fixed words and paths of our own; the environment carries no secret on.
        child = subprocess.Popen(
            [
                sys.executable,
                "-B",
                "-X",
                "utf8",
                "-m",
                module,
                str(path),
                media_type,
                json.dumps(asdict(limits)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
            close_fds=True,
            start_new_session=True,
        )
        is_late = False

        def stop() -> None:
            nonlocal is_late
            is_late = True
            child.kill()

        alarm = Timer(limits.seconds, stop)
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
                # It said its last word and does not go.
                child.kill()
                code = child.wait()
            if is_late or code == -SIGXCPU:
                raise UnreadableError("timeout")
            if not is_whole:
                raise CrashedError(code)
        finally:
            alarm.cancel()
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _iter_messages(child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any] | None]:
    """What the child writes, a line each; None whenever it was quiet for QUIET_SECONDS."""
    assert child.stdout is not None  # asked for above
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
                # Cut in the middle: the child died while it wrote.
                return
            if isinstance(message, dict):
                yield message


def extract(name: str, data: bytes, *, limits: Limits | None = None) -> list[Section]:
    """Return the sections of a small file that is in memory; raises UnreadableError.

    A child that crashes counts as a damaged file.
    """
    return list(iter_sections(name, data, limits=limits))


def iter_sections(name: str, data: bytes, *, limits: Limits | None = None) -> Generator[Section, None, None]:
    """Yield the same as the child reads them; it is gone when the iterator ends or is closed."""
    media_type = get_media_type(name)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            yield from read_file(Path(file.name), media_type, limits=limits)
        except CrashedError:
            raise UnreadableError("malformed") from None
