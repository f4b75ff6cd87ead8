"""How long a stream may stay silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class IdleTimeout:
    """A time limit in seconds that is moved with every chunk; ``end`` it when the stream is over.

    One timer a stream, where ``asyncio.timeout`` around each read makes one a chunk, which was a fifth of
    what a chunk of text costs. It interrupts ``wait_for`` and nothing else of its task.
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Task[Any] | None = None
        self._is_over = asyncio.Event()
        self._deadline = 0.0
        self.renew(seconds)
        self._timer = self._loop.call_at(self._deadline, self._check)

    def renew(self, seconds: float) -> None:
        """Begin anew: so long may it take from now on."""
        self._deadline = self._loop.time() + seconds

    def end(self) -> None:
        self._timer.cancel()

    async def wait_for(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        """The next chunk, None after the last; TimeoutError when it does not come in time."""
        if self._is_over.is_set():
            raise TimeoutError
        task = self._waiting = asyncio.current_task()
        try:
            return await anext(chunks, None)
        except asyncio.CancelledError:
            # Somebody else may have cancelled as well: then theirs is the word.
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
