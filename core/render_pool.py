"""Processes that render markdown for this one, so that no text holds up its event loop or its threads."""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from django.conf import settings

from core.limited_process import ENVIRONMENT, ROOT, build_command

log = structlog.get_logger(__name__)

# Seconds by the clock for one text; its CPU time is limited far below (core.markdown_renderer).
ANSWER_SECONDS = 20.0
# Seconds to wait for a process that is free.
WAIT_SECONDS = 15.0
_LENGTH = struct.Struct(">I")
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Rendered:
    """``seconds`` of CPU time that it took."""

    html: str
    seconds: float


class _LostError(Exception):
    """The process ended, or did not answer in time."""


class _Renderer:
    """One child process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            build_command("core.render_process"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=ENVIRONMENT,
            close_fds=True,
            start_new_session=True,
        )

    def render(self, text: str, labels: Mapping[str, str]) -> Rendered:
        assert self._process.stdin is not None  # because of PIPE above
        body = json.dumps({"text": text, "labels": dict(labels)}).encode()
        try:
            self._process.stdin.write(_LENGTH.pack(len(body)) + body)
            self._process.stdin.flush()
        except OSError as error:
            raise _LostError from error
        ends_at = time.monotonic() + ANSWER_SECONDS
        size = _LENGTH.unpack(self._read(_LENGTH.size, ends_at))[0]
        message = json.loads(self._read(size, ends_at))
        return Rendered(str(message["html"]), float(message["seconds"]))

    def _read(self, size: int, ends_at: float) -> bytes:
        assert self._process.stdout is not None  # because of PIPE above
        output = self._process.stdout.fileno()
        waiting = select.poll()
        waiting.register(output, select.POLLIN | select.POLLHUP)
        parts: list[bytes] = []
        while size:
            if not waiting.poll(max(ends_at - time.monotonic(), 0) * 1000):
                raise _LostError
            data = os.read(output, min(size, _CHUNK))
            if not data:
                raise _LostError
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            # What was not written does not matter any more.
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]  # because of PIPE above


class RenderPool:
    """Up to ``size`` child processes, started as needed. Each lane has one text in them at a time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._changed = threading.Condition()
        self._free: list[_Renderer] = []
        self._started = 0
        self._busy_lanes: set[Hashable] = set()

    def start(self) -> None:
        """Start the first process, so that the first text does not wait for it."""
        with self._changed:
            if not self._started:
                self._started = 1
                self._free.append(_Renderer())

    def render(self, text: str, labels: Mapping[str, str], *, lane: Hashable) -> Rendered | None:
        """Render in a process; None when none is free in time or it does not answer."""
        renderer = self._take(lane)
        if renderer is None:
            log.warning("markdown_not_rendered", reason="busy")
            return None
        rendered = None
        try:
            rendered = renderer.render(text, labels)
        except _LostError:
            log.warning("markdown_not_rendered", reason="lost", characters=len(text))
        finally:
            self._give_back(renderer, lane, is_usable=rendered is not None)
        return rendered

    def _take(self, lane: Hashable) -> _Renderer | None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_place(lane), WAIT_SECONDS):
                return None
            self._busy_lanes.add(lane)
            if self._free:
                return self._free.pop()
            self._started += 1
        try:
            return _Renderer()
        except BaseException:
            self._give_back(None, lane, is_usable=False)
            raise

    def _has_place(self, lane: Hashable) -> bool:
        return lane not in self._busy_lanes and bool(self._free or self._started < self.size)

    def _give_back(self, renderer: _Renderer | None, lane: Hashable, *, is_usable: bool) -> None:
        if renderer is not None and not is_usable:
            renderer.stop()
        with self._changed:
            self._busy_lanes.discard(lane)
            if renderer is not None and is_usable:
                self._free.append(renderer)
            else:
                self._started -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            while self._free:
                self._free.pop().stop()
                self._started -= 1


_pools: dict[int, RenderPool] = {}
_lock = threading.Lock()


def get_pool() -> RenderPool:
    """Return the pool of this process; a forked process has its own."""
    with _lock:
        pool = _pools.get(os.getpid())
        if pool is None:
            pool = _pools[os.getpid()] = RenderPool(settings.RENDER_PROCESSES)
            atexit.register(pool.stop)
        return pool
