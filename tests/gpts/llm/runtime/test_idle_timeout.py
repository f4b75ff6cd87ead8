"""The idle timeout of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gpts.llm.runtime.idle_timeout import IdleTimeout

pytestmark = pytest.mark.anyio


async def chunks_after(*pauses: float) -> AsyncIterator[bytes]:
    for pause in pauses:
        await asyncio.sleep(pause)
        yield b"x"


async def test_chunks_in_time_are_returned_and_none_at_the_end() -> None:
    chunks, idle_timeout = chunks_after(0.01, 0.01), IdleTimeout(30)

    assert [await idle_timeout.wait_for(chunks) for _ in range(3)] == [b"x", b"x", None]

    idle_timeout.end()


async def test_silence_is_a_timeout_and_the_task_continues() -> None:
    idle_timeout = IdleTimeout(0.05)

    with pytest.raises(TimeoutError):
        await idle_timeout.wait_for(chunks_after(30))
    with pytest.raises(TimeoutError):
        await idle_timeout.wait_for(chunks_after(0))

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    idle_timeout.end()


async def test_renewing_restarts_the_timeout() -> None:
    idle_timeout = IdleTimeout(0.05)
    idle_timeout.renew(30)
    await asyncio.sleep(0.1)

    assert await idle_timeout.wait_for(chunks_after(0)) == b"x"

    idle_timeout.end()


async def test_a_shorter_timeout_does_not_wait_for_the_end_of_the_longer_one() -> None:
    """The first word may take a minute; the silence after it is shorter."""
    idle_timeout = IdleTimeout(600)
    idle_timeout.renew(0.05)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(idle_timeout.wait_for(chunks_after(600)), 60)

    assert idle_timeout._is_over.is_set()
    idle_timeout.end()


async def test_cancellation_by_others_is_not_hidden() -> None:
    idle_timeout = IdleTimeout(30)
    task = asyncio.create_task(idle_timeout.wait_for(chunks_after(30)))
    await asyncio.sleep(0.01)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    idle_timeout.end()
