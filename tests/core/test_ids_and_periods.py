"""UUIDv7 and accounting months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.ids import uuid7, uuid7_time
from core.periods import Period

MOMENTS = st.datetimes(
    min_value=datetime.fromisoformat("2001-01-01"),
    max_value=datetime.fromisoformat("2200-01-01"),
    timezones=st.just(UTC),
)


@given(MOMENTS)
def test_an_id_contains_its_time_to_the_millisecond(moment: datetime) -> None:
    identifier = uuid7(moment)
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")
    assert timedelta(0) <= moment - uuid7_time(identifier) < timedelta(milliseconds=2)


def test_ids_sort_by_time_and_differ_within_a_millisecond() -> None:
    early, late = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC)
    assert uuid7(early) < uuid7(late)
    assert len({uuid7(early) for _unused in range(1000)}) == 1000


@given(MOMENTS)
def test_every_moment_is_in_exactly_one_month(moment: datetime) -> None:
    period = Period.containing(moment)
    assert moment in period
    assert moment not in period.next() and moment not in period.previous()
    assert period.previous().end == period.start and period.next().previous() == period


def test_months_are_utc_in_any_time_zone() -> None:
    first_of_april_in_kiribati = datetime(2026, 4, 1, 5, tzinfo=timezone(timedelta(hours=14)))
    assert str(Period.containing(first_of_april_in_kiribati)) == "2026-03"


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "26-03", "2026-03-01", "1999-12", "２０２６-03x"]
)
def test_an_invalid_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Period.parse(text)
    assert (refusal.value.code, refusal.value.field) == ("period_invalid", "period")
