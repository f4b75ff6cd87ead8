"""The time limits of a stream: silence, and the whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class IdleTimeout:
    """A timeout in seconds that each chunk renews, up to `total` seconds for all; call ``end`` at the end.

    It has one timer for the stream; ``asyncio.timeout`` around each read makes one for each chunk, which
    took a fifth of the time spent on a chunk. It interrupts ``wait_for`` only, nothing else in the task.
    """

    def __init__(self, seconds: float, total: float = float("inf")) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Task[Any] | None = None
        self._is_over = asyncio.Event()
        self._last = self._loop.time() + total
        self._deadline = min(self._loop.time() + seconds, self._last)
        self._timer = self._loop.call_at(self._deadline, self._check)

    def renew(self, seconds: float) -> None:
        """Restart the timeout with this many seconds, which may be fewer than are left."""
        self._deadline = min(self._loop.time() + seconds, self._last)
        if self._deadline < self._timer.when():
            self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._check)

    def end(self) -> None:
        self._timer.cancel()

    async def wait_for(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        """Return the next chunk, None after the last. Raises TimeoutError when it does not come in time."""
        if self._is_over.is_set():
            raise TimeoutError
        task = self._waiting = asyncio.current_task()
        try:
            return await anext(chunks, None)
        except asyncio.CancelledError:
            # If the task was cancelled by others too, it stays cancelled.
            if self._is_over.is_set() and task is not None and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._waiting = None

    def _check(self) -> None:
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._check)
            return
        self._is_over.set()
        if self._waiting is not None:
            self._waiting.cancel()
