"""Formats of numbers, dates and times in English and Chinese."""

# ruff: noqa: E501 - cases in rows

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from core.look import formats

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (0, "0", "0"), (7, "7", "7"), (999, "999", "999"), (1000, "1k", "1,000"), (1234, "1.2k", "1,234"),
        (9_960, "10k", "9,960"), (12_345, "12.3k", "1.2万"), (123_400, "123k", "12.3万"), (999_999, "1M", "100万"),
        (1_000_000, "1M", "100万"), (123_456_789, "123M", "1.2亿"), (2_500_000_000, "2.5B", "25亿"), (-1234, "-1.2k", "-1,234"),
    ],
)  # fmt: skip
def test_compact_numbers(value: int, english: str, chinese: str) -> None:
    with override("en"):
        assert formats.compact_number(value) == english
    with override("zh-hans"):
        assert formats.compact_number(value) == chinese


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1023, "1,023 bytes"),
        (1024, "1 kB"),
        (1_468_006, "1.4 MB"),
        (20 * 1024**2, "20 MB"),
        (250 * 1024**2, "250 MB"),
        (3 * 1024**4, "3 TB"),
    ],
)
def test_file_sizes(size: int, shown: str) -> None:
    assert formats.file_size(size) == shown


def test_numbers_and_percentages() -> None:
    assert formats.number(1_234_567) == "1,234,567"
    assert (formats.number(4.0, 1), formats.number(0.456, 2), formats.number(1234.4, 0)) == (
        "4.0",
        "0.46",
        "1,234",
    )
    assert formats.percent(0.4249) == "42%"
    assert formats.percent(0.4249, 1) == "42.5%"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "$0.00"), (1_500_000, "$1.50"), (12_300, "$0.0123"), (17, "$0.000017"), (-1_500_000, "-$1.50")],
)
def test_small_amounts_get_more_decimals(amount: int, shown: str) -> None:
    assert formats.micros(amount, "USD") == shown


@pytest.mark.parametrize(
    ("distance", "shown"),
    [
        (timedelta(seconds=59), "just now"), (timedelta(minutes=-0.5), "just now"), (timedelta(hours=3, minutes=40), "3\xa0hours ago"),
        (timedelta(days=-2), "in 2\xa0days"), (timedelta(minutes=1), "1\xa0minute ago"),
    ],
)  # fmt: skip
def test_relative_times(distance: timedelta, shown: str) -> None:
    assert formats.relative(NOW - distance, NOW) == shown


def test_chinese_durations_are_not_names_of_days_or_months() -> None:
    with override("zh-hans"):
        shown = [formats.relative(NOW - timedelta(days=days), NOW) for days in (6, 35)]
        assert shown == ["6\xa0天前", "1\xa0个月前"]
        assert formats.exact(NOW) == "2026年3月14日 12:00"


def test_relative_time_has_the_exact_time_in_the_readers_zone() -> None:
    with timezone.override("Asia/Shanghai"):
        element = formats.relative_time(NOW - timedelta(hours=3), NOW)

    assert element == (
        '<time datetime="2026-03-14T09:00:00+00:00" title="14 Mar 2026, 17:00" data-relative>3\xa0hours ago</time>'
    )


def test_a_day_is_in_the_readers_zone() -> None:
    late = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)

    with timezone.override("Asia/Shanghai"):
        assert formats.day(late) == '<time datetime="2026-03-15">15 Mar 2026</time>'
        assert formats.day(date(2026, 3, 14)) == '<time datetime="2026-03-14">14 Mar 2026</time>'


def test_a_month_is_that_in_utc() -> None:
    first = datetime(2026, 9, 30, 23, 30, tzinfo=UTC)

    with timezone.override("Asia/Shanghai"):
        assert formats.month(first) == '<time datetime="2026-09">September 2026</time>'
        with override("zh-hans"):
            assert formats.month(first) == '<time datetime="2026-09">2026年9月</time>'
            assert (formats.short_day(first), formats.number(1234.5, 2)) == ("9月30日", "1,234.50")


def test_utc_time_ignores_the_readers_zone() -> None:
    with timezone.override("Asia/Shanghai"):
        shown = formats.utc_time(datetime(2026, 10, 7, 0, 5, tzinfo=UTC))

    assert (
        shown == '<time class="num nowrap" datetime="2026-10-07T00:05:00+00:00">7 Oct 2026, 00:05 UTC</time>'
    )
