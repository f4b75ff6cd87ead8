"""Waiting for news of a turn with few timers: thousands of waits a second, hardly any in vain."""

from __future__ import annotations

import asyncio


class Watcher:
    """One reader's wait. ``end`` it when the reader leaves.

    One timer a reader, moved when it fires, where ``asyncio.timeout`` around each wait makes one a frame.
    """

    __slots__ = ("_deadline", "_future", "_is_woken", "_loop", "_seconds", "_timer")

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._future: asyncio.Future[bool] | None = None
        self._is_woken = False
        self._deadline = self._loop.time() + seconds
        self._timer = self._loop.call_at(self._deadline, self._check)

    def wake(self) -> None:
        """Say that there is news; kept for the next wait when nobody waits right now."""
        self._is_woken = True
        if self._future is not None and not self._future.done():
            self._future.set_result(True)

    async def wait(self) -> bool:
        """True when there is news since the last wait, False after ``seconds`` without."""
        self._deadline = self._loop.time() + self._seconds
        if not self._is_woken:
            self._future = self._loop.create_future()
            try:
                await self._future
            finally:
                self._future = None
        is_woken, self._is_woken = self._is_woken, False
        return is_woken

    def end(self) -> None:
        self._timer.cancel()

    def _check(self) -> None:
        now = self._loop.time()
        if now >= self._deadline:
            self._deadline = now + self._seconds
            if self._future is not None and not self._future.done():
                self._future.set_result(False)
        self._timer = self._loop.call_at(self._deadline, self._check)
