"""Lets readers wait for new output of a turn; cheap, because there are thousands of waits a second."""

from __future__ import annotations

import asyncio


class Watcher:
    """Lets one reader wait. Call ``end`` when the reader leaves.

    One timer is rescheduled when it fires; ``asyncio.timeout`` would create a timer for each frame.
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
        """Signal new output, to the current wait or else to the next one."""
        self._is_woken = True
        if self._future is not None and not self._future.done():
            self._future.set_result(True)

    async def wait(self) -> bool:
        """Return True on new output since the last wait, False after ``seconds`` without."""
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
