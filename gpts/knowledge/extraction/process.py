"""Runs the child process that reads a file within limits, and yields its sections as they arrive."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import zlib
from base64 import b64decode
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import Any

from core.limited_process import ENVIRONMENT, ROOT, build_command
from gpts.knowledge.extraction.kinds import PDF, ZIPPED
from gpts.knowledge.extraction.recognition import Engine, recognise_page
from gpts.knowledge.extraction.remarks import Remark, RemarkCode, Remarks, parse_remarks
from gpts.knowledge.extraction.sniffing import get_media_type
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
# Bytes; more than a rendered page has, whatever the child says.
PICTURE_BYTES = 16 * 1024 * 1024
# The database has no higher row.
MAX_ROW = 2_000_000_000
# Time for the child to exit after its last message.
ENDING_SECONDS = 5.0
CHUNK_BYTES = 256 * 1024
_REPORT_NOTHING: Callable[[float], None] = lambda _share: None  # noqa: E731  # a default argument
_IGNORE_REMARK: Callable[[Remark], None] = lambda _remark: None  # noqa: E731  # a default argument
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
    take_remark: Callable[[Remark], None] = _IGNORE_REMARK,
    engine: Engine | None = None,
    module: str = "gpts.knowledge.extraction.worker",
) -> Iterator[Section]:
    """Yield the sections of a file as the child reads them, in constant memory.

    ``report`` gets the share that is done, 0-1, at least every QUIET_SECONDS; ``take_remark`` gets each
    remark about the file, after its last section. ``engine`` recognises the text of scanned pages, outside of
    the child, which may start no program. Raises UnreadableError, CrashedError, and TooSlowError
    after the CPU time for a file of this size, or far longer by the clock.
    Ending or closing the iterator kills the child.
    """
    pages = engine.pages if engine is not None and media_type == PDF else 0
    limits = replace(limits or Limits(), recognised_pages=pages)
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
        alarm = _Alarm(child, get_wall_seconds(limits.seconds))
        scans = _ScanReader(engine, alarm, lambda: report(done))
        try:
            is_whole = False
            done = 0.0
            for message in _iter_messages(child):
                if message is None or "p" in message:
                    done = done if message is None else float(message["p"])
                    report(done)
                elif "e" in message:
                    raise UnreadableError(str(message["e"]))
                elif "r" in message:
                    for remark in (*parse_remarks(message["r"]), *scans.remarks):
                        take_remark(remark)
                elif "ok" in message:
                    is_whole = True
                elif "s" in message:
                    yield from scans.read(message)
                else:
                    scans.has_text = True
                    texts = tuple(map(str, message["t"]))
                    yield Section(str(message["h"]), texts, message["n"], _read_rows(message))
            try:
                code = child.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                # It has written its result but does not exit.
                child.kill()
                code = child.wait()
            if alarm.is_late or code == -SIGXCPU:
                raise TooSlowError(used_cpu=code == -SIGXCPU)
            if not is_whole:
                raise CrashedError(code)
            if not scans.has_text:
                raise UnreadableError("no_text")
        finally:
            alarm.cancel()
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _read_rows(message: dict[str, Any]) -> tuple[int, int] | None:
    rows = message.get("w")
    return None if rows is None else (min(int(rows[0]), MAX_ROW), min(int(rows[1]), MAX_ROW))


class _Alarm:
    """Kills the child after some time, in which ``pause`` is not counted."""

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        self._child = child
        self._seconds = seconds
        self.is_late = False
        self._start()

    def _start(self) -> None:
        self._began = monotonic()
        self._timer = Timer(self._seconds, self._stop)
        self._timer.daemon = True
        self._timer.start()

    def _stop(self) -> None:
        self.is_late = True
        self._child.kill()

    def cancel(self) -> None:
        self._timer.cancel()

    @contextmanager
    def pause(self) -> Iterator[None]:
        self._timer.cancel()
        self._seconds = max(self._seconds - (monotonic() - self._began), 0.0)
        try:
            yield
        finally:
            self._start()


class _ScanReader:
    """Has scanned pages recognised, one after the other, and notes which ones gave a text."""

    def __init__(self, engine: Engine | None, alarm: _Alarm, wait: Callable[[], None]) -> None:
        self.remarks = Remarks()
        self.has_text = False
        self._engine = engine
        self._alarm = alarm
        self._wait = wait
        self._used_seconds = 0.0

    def read(self, message: dict[str, Any]) -> Iterator[Section]:
        page = int(message["s"])
        paragraphs = self._recognise(str(message["i"]))
        self.remarks.add(
            RemarkCode.PAGES_BY_OCR if paragraphs else RemarkCode.PAGES_WITHOUT_TEXT, number=page
        )
        if paragraphs:
            self.has_text = True
            yield Section(str(message["h"]), paragraphs, page)

    def _recognise(self, picture: str) -> tuple[str, ...]:
        if self._engine is None or not picture or self._used_seconds >= self._engine.seconds:
            return ()
        began = monotonic()
        try:
            with self._alarm.pause():
                data = zlib.decompressobj().decompress(b64decode(picture), PICTURE_BYTES)
                return tuple(recognise_page(self._engine, data, wait=self._wait))
        except (ValueError, zlib.error):
            return ()
        finally:
            self._used_seconds += monotonic() - began


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


def iter_sections(
    name: str,
    data: bytes,
    *,
    limits: Limits | None = None,
    take_remark: Callable[[Remark], None] = _IGNORE_REMARK,
    engine: Engine | None = None,
) -> Generator[Section, None, None]:
    """Like extract, but yield each section as it is read; closing the iterator kills the child."""
    media_type = get_media_type(name)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            path = Path(file.name)
            yield from read_file(path, media_type, limits=limits, take_remark=take_remark, engine=engine)
        except CrashedError:
            raise UnreadableError("malformed") from None
