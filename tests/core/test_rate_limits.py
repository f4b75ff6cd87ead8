"""Limits count from the first try on, whatever the clock shows, and also when many try at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import RateLimited
from core.rate_limits import Limit, count_try, find_spent, forget_tries, require_within, take_back_try

LIMIT = Limit("test", 3, 60)
# A second before the minute is full.
AT = datetime(2026, 11, 30, 12, 0, 59, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def get_refusal(key: object, at: datetime, limit: Limit = LIMIT) -> dict[str, Any]:
    with pytest.raises(RateLimited) as refused:
        require_within(limit, key, at=at)
    return dict(refused.value.data)


def test_a_full_minute_on_the_clock_allows_no_more_tries() -> None:
    for seconds in (0, 0.5, 1.5):
        require_within(LIMIT, "ada", at=later(seconds))

    assert get_refusal("ada", later(2)) == {"retry_after": 58, "limit": "test"}
    assert get_refusal("ada", later(59.9))["retry_after"] == 1
    require_within(LIMIT, "ada", at=later(60))
    assert [count_try(LIMIT, "ada", at=later(61)), count_try(LIMIT, "ada", at=later(119))] == [2, 3]
    assert get_refusal("ada", later(119))["retry_after"] == 1


def test_keys_and_limits_are_counted_apart() -> None:
    counts = [count_try(LIMIT, key, at=AT) for key in ("ada", "ben", ("ada", "198.51.100.7"), "ada")]

    assert counts == [1, 1, 1, 2]
    assert count_try(Limit("other", 3, 60), "ada", at=AT) == 1


def test_the_wait_is_that_of_the_keys_own_window() -> None:
    for key, begin in (("ada", 0), ("ben", 30)):
        for _try in range(3):
            require_within(LIMIT, key, at=later(begin))

    assert [get_refusal(key, later(40))["retry_after"] for key in ("ada", "ben")] == [20, 50]


def test_parallel_first_tries_share_one_window() -> None:
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda number: count_try(LIMIT, "ada", at=later(number % 2)), range(40)))

    assert sorted(counts) == list(range(1, 41))


def test_tries_are_taken_back_or_forgotten_in_their_window_alone() -> None:
    take_back_try(LIMIT, "ada", at=AT)
    forget_tries(LIMIT, "ada", at=AT)
    for _try in range(3):
        require_within(LIMIT, "ada", at=AT)
    take_back_try(LIMIT, "ada", at=later(30))
    require_within(LIMIT, "ada", at=later(31))
    assert get_refusal("ada", later(32))["retry_after"] == 28

    forget_tries(LIMIT, "ada", at=later(33))

    assert count_try(LIMIT, "ada", at=later(34)) == 1
    take_back_try(LIMIT, "ada", at=later(90))
    assert count_try(LIMIT, "ada", at=later(35)) == 2


def test_spent_keys_are_found_without_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.rate_limits._READ_AT_ONCE", 2)
    for key, tries in (("ada", 3), ("ben", 2), ("cleo", 4)):
        for _try in range(tries):
            count_try(LIMIT, key, at=AT)
    asked = ["ada", "ben", "cleo", "nobody"]

    assert [find_spent(LIMIT, asked, at=later(1)) for _time in range(2)] == [{"ada", "cleo"}] * 2
    assert find_spent(LIMIT, asked, at=later(60)) == set()
    assert count_try(LIMIT, "ben", at=later(2)) == 3
