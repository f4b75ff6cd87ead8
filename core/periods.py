"""Accounting months: UTC, half-open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from core.dates import is_usual_year
from core.errors import InvalidInput

_PATTERN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Period:
    """One calendar month in UTC, as the half-open interval from ``start`` to ``end``."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the month written as ``YYYY-MM``; raises InvalidInput."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None or not is_usual_year(int(match[1])):
            raise InvalidInput(
                _("Write the month as YYYY-MM, for example 2026-03."), code="period_invalid", field="period"
            )
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def containing(cls, moment: datetime) -> Period:
        """Return the month of an aware datetime, in UTC."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.next().start

    def next(self) -> Period:
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> Period:
        return Period(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
