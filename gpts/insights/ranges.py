"""The days that a reader of insights chose: the last so many, or their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

PRESET_DAYS = (7, 30, 90)
DEFAULT_DAYS = 30
MAX_DAYS = 400
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Range:
    """Days (UTC), ``end`` excluded; ``days`` is set for one of RANGES, which end with the last day read."""

    start: date
    end: date
    days: int | None

    @property
    def last(self) -> date:
        return self.end - _DAY


def get_preset_range(days: int, *, today: date) -> Range:
    return Range(today - timedelta(days=days), today, days)


def parse_range(params: Mapping[str, str], *, today: date) -> Range:
    """Return the range of ``days`` or of ``from`` and ``to`` (ISO dates, both counted); 30 days without any.

    Raises InvalidInput with the field that is wrong. ``today`` is the first day that is not read.
    """
    first, last = params.get("from", ""), params.get("to", "")
    if first or last:
        return _build_custom_range(_parse_day(first, "from"), _parse_day(last, "to"))
    days = params.get("days", "") or str(DEFAULT_DAYS)
    if days not in map(str, PRESET_DAYS):
        raise InvalidInput(_("Choose 7, 30 or 90 days."), code="unknown_choice", field="days")
    return get_preset_range(int(days), today=today)


def _parse_day(text: str, field: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    # Far enough from both ends of the calendar to count on.
    if found is None or not 2000 <= found.year <= 2200:
        raise InvalidInput(_("Write a date like 2026-03-31."), code="date_invalid", field=field)
    return found


def _build_custom_range(first: date, last: date) -> Range:
    if last < first:
        raise InvalidInput(_("The last day lies before the first."), code="range_backwards", field="to")
    if (last - first).days >= MAX_DAYS:
        text = _("Choose at most %(days)d days.") % {"days": MAX_DAYS}
        raise InvalidInput(text, code="range_too_long", field="to")
    return Range(first, last + _DAY, None)
