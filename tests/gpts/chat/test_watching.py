"""A reader's wait for news: none is lost, silence is noticed, a reader who left leaves no timer."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import LimitUnreadable
from gpts.chat.services.rechecks import RequestAccess
from gpts.chat.streaming import hub as hubs
from gpts.chat.streaming.watching import Watcher

pytestmark = pytest.mark.anyio


async def test_news_wakes_who_waits() -> None:
    watcher = Watcher(30)
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)

    watcher.wake()

    assert await waiting
    watcher.end()


async def test_news_before_the_wait_is_kept_once() -> None:
    watcher = Watcher(0.05)
    watcher.wake()
    watcher.wake()

    assert await watcher.wait()
    assert not await watcher.wait()
    watcher.end()


async def test_silence_is_told_again_and_again() -> None:
    watcher = Watcher(0.03)

    assert [await watcher.wait() for _ in range(3)] == [False] * 3
    watcher.end()


async def test_a_reader_who_left_is_not_woken() -> None:
    watcher = Watcher(30)
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    watcher.wake()

    assert await watcher.wait()
    watcher.end()


async def test_readers_are_cut_off_when_their_access_stays_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_asked: object) -> None:
        raise LimitUnreadable("The policy cannot be read.", code="policy_unreadable")

    monkeypatch.setattr(hubs, "_find_lost_access", fail)
    monkeypatch.setattr(hubs, "RECHECK_SECONDS", 0.01)
    monkeypatch.setattr(hubs, "UNREADABLE_SECONDS", 0.05)
    hub = hubs.Hub(asyncio.get_running_loop())

    with hub.watch_reader(RequestAccess(1)) as ended:
        await asyncio.wait_for(ended, 60)
