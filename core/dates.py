"""Dates that people type or send: only years with which time zones and arithmetic cannot overflow."""

from __future__ import annotations

from datetime import date
from functools import cache
from zoneinfo import available_timezones

from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

FIRST_YEAR = 2000
LAST_YEAR = 2200


@cache
def get_time_zones() -> frozenset[str]:
    """Return the names of all time zones. The standard library reads 600 files each time it is asked."""
    return frozenset(available_timezones())


def is_usual_year(year: int) -> bool:
    return FIRST_YEAR <= year <= LAST_YEAR


def check_date(value: date, *, field: str) -> None:
    """Raise InvalidInput for a date or datetime outside of the years 2000 to 2200."""
    if not is_usual_year(value.year):
        raise _build_error(field)


def read_date(text: str, *, field: str) -> date:
    """Return the date written as ``YYYY-MM-DD``; raises InvalidInput."""
    try:
        found = parse_date(text.strip())
    except ValueError:
        found = None
    if found is None:
        raise _build_error(field)
    check_date(found, field=field)
    return found


def _build_error(field: str) -> InvalidInput:
    return InvalidInput(_("Write a date like 2026-03-31."), code="date_invalid", field=field)
