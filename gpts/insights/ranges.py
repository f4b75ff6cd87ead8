"""The range of days for insights: a preset such as the last 30 days, or a custom one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from core.dates import read_date
from core.errors import InvalidInput

PRESET_DAYS = (7, 30, 90)
DEFAULT_DAYS = 30
MAX_DAYS = 400
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Range:
    """Days (UTC), ``end`` excluded. ``days`` is set for a preset, which ends with the last day read."""

    start: date
    end: date
    days: int | None

    @property
    def last(self) -> date:
        return self.end - _DAY


def get_preset_range(days: int, *, today: date) -> Range:
    return Range(today - timedelta(days=days), today, days)


def parse_range(params: Mapping[str, str], *, today: date) -> Range:
    """Return the range of ``days``, or of ``from`` and ``to`` (ISO dates, inclusive); 30 days without any.

    ``today`` is the first day that was not read. Raises InvalidInput naming the wrong field.
    """
    first, last = params.get("from", ""), params.get("to", "")
    if first or last:
        return _build_custom_range(read_date(first, field="from"), read_date(last, field="to"))
    days = params.get("days", "") or str(DEFAULT_DAYS)
    if days not in map(str, PRESET_DAYS):
        raise InvalidInput(_("Choose 7, 30 or 90 days."), code="unknown_choice", field="days")
    return get_preset_range(int(days), today=today)


def _build_custom_range(first: date, last: date) -> Range:
    if last < first:
        raise InvalidInput(_("The last day lies before the first."), code="range_backwards", field="to")
    if (last - first).days >= MAX_DAYS:
        text = _("Choose at most %(days)d days.") % {"days": MAX_DAYS}
        raise InvalidInput(text, code="range_too_long", field="to")
    return Range(first, last + _DAY, None)
