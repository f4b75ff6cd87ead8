"""Forecasts of budgets: a straight line, and none where there is too little to go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpts.metering.forecasts import Forecast, forecast_use

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "used", "limit", "expected"),
    [
        (3, 900, 1_000, None),
        (4, 0, 1_000, Forecast(0, None)),
        (4, 30, 1_000, Forecast(300, None)),
        (11, 500, 1_000, Forecast(1_500, datetime(2026, 11, 21, tzinfo=UTC))),
        (11, 500, None, Forecast(1_500, None)),
        # Passed already: there is no day to name.
        (11, 1_000, 1_000, Forecast(3_000, None)),
    ],
)
def test_a_month(day: int, used: int, limit: int | None, expected: Forecast | None) -> None:
    at = datetime(2026, 11, day, tzinfo=UTC)
    assert forecast_use(used=used, since=START, at=at, end=END, limit=limit) == expected


def test_a_budget_that_was_set_later_needs_three_days_of_its_own() -> None:
    since = datetime(2026, 11, 20, 12, tzinfo=UTC)
    early, late = since + timedelta(days=2, hours=23), since + timedelta(days=3)
    assert forecast_use(used=70, since=since, at=early, end=END, limit=None) is None
    assert forecast_use(used=60, since=since, at=late, end=END, limit=None) == Forecast(210, None)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    used=st.integers(0, 10**15),
    seconds=st.integers(3 * 86_400, 30 * 86_400),
    limit=st.integers(1, 10**15),
)
def test_a_forecast_never_falls_below_what_is_counted(used: int, seconds: int, limit: int) -> None:
    at = START + timedelta(seconds=seconds)
    found = forecast_use(used=used, since=START, at=at, end=END, limit=limit)
    assert found is not None and found.amount >= used
    if found.passes_at is not None:
        assert at <= found.passes_at <= END + timedelta(seconds=1)
