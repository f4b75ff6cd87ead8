"""What a report of a workspace's usage covers: days, steps of time, dimension and filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.dates import read_date
from core.errors import InvalidInput

DEFAULT_DAYS = 30
MAX_DAYS = 400
# In place of an id or code: what has no group, or no cost centre.
NONE = "-"
_DAY = timedelta(days=1)


class Step(TextChoices):
    DAY = "day", _("Day")
    WEEK = "week", _("Week")
    MONTH = "month", _("Month")


class Dimension(TextChoices):
    """In the order in which a click on a row goes on."""

    COST_CENTRE = "cost_centre", _("Cost centre")
    GROUP = "group", _("Group")
    PERSON = "person", _("Person")
    GPT = "gpt", _("GPT")
    MODEL = "model", _("Model")


class FileLines(TextChoices):
    """What each line of the file is about, in each period."""

    USE = "use", _("Person, GPT and model")
    COST_CENTRE = "cost_centre", _("Cost centre")


@dataclass(frozen=True)
class UsageRange:
    """Days in UTC, ``end`` excluded."""

    start: date
    end: date

    @property
    def last(self) -> date:
        return self.end - _DAY

    @property
    def start_at(self) -> datetime:
        return datetime.combine(self.start, time(), tzinfo=UTC)

    @property
    def end_at(self) -> datetime:
        return datetime.combine(self.end, time(), tzinfo=UTC)

    def list_periods(self, step: str) -> list[UsageRange]:
        """Return the days, weeks (from Monday) or months of the range; the first and last may be cut."""
        periods, start = [], self.start
        while start < self.end:
            end = min(get_period_start(start, step, following=1), self.end)
            periods.append(UsageRange(start, end))
            start = end
        return periods


@dataclass(frozen=True)
class UsageQuery:
    """A report: ``by`` divides it, ``filters`` maps dimensions to the ids, names or codes that are left.

    ``lines`` is for the file alone.
    """

    range: UsageRange
    step: str = Step.WEEK
    by: str = Dimension.COST_CENTRE
    filters: Mapping[str, str] = field(default_factory=dict)
    lines: str = FileLines.USE

    def get_next_dimension(self, after: str) -> str | None:
        """Return the first dimension after ``after``, from the front again, that is not filtered yet."""
        order = list(Dimension.values)
        place = order.index(after)
        following = order[place + 1 :] + order[:place]
        return next((value for value in following if value not in self.filters), None)


def get_period_start(day: date, step: str, *, following: int = 0) -> date:
    """Return the first day of the step that has ``day``, or (``following`` 1) of the next one."""
    if step == Step.DAY:
        return day + following * _DAY
    if step == Step.WEEK:
        return day - day.weekday() * _DAY + following * 7 * _DAY
    months = day.year * 12 + day.month - 1 + following
    return date(months // 12, months % 12 + 1, 1)


def parse_usage_query(params: Mapping[str, str], *, today: date) -> UsageQuery:
    """Return the report of ``from`` and ``to`` (inclusive), ``step``, ``by``, ``lines`` and the filters.

    Without days the last 30, today included. Raises InvalidInput naming the wrong field.
    """
    filters = {}
    for value in Dimension.values:
        text = params.get(value, "").strip()
        if text:
            filters[value] = _check_filter(value, text)
    return UsageQuery(
        range=_parse_range(params, today=today),
        step=_choose(params, "step", Step.values, Step.WEEK),
        by=_choose(params, "by", Dimension.values, Dimension.COST_CENTRE),
        filters=filters,
        lines=_choose(params, "lines", FileLines.values, FileLines.USE),
    )


def _parse_range(params: Mapping[str, str], *, today: date) -> UsageRange:
    first, last = params.get("from", "").strip(), params.get("to", "").strip()
    if not first and not last:
        return UsageRange(today - (DEFAULT_DAYS - 1) * _DAY, today + _DAY)
    start, end = read_date(first, field="from"), read_date(last, field="to")
    if end < start:
        raise InvalidInput(_("The last day lies before the first."), code="range_backwards", field="to")
    if (end - start).days >= MAX_DAYS:
        text = _("Choose at most %(days)d days.") % {"days": MAX_DAYS}
        raise InvalidInput(text, code="range_too_long", field="to")
    return UsageRange(start, end + _DAY)


def _choose(params: Mapping[str, str], name: str, values: list[str], default: str) -> str:
    value = params.get(name, "").strip() or str(default)
    if value not in values:
        raise InvalidInput(_("This is none of the choices."), code="unknown_choice", field=name)
    return value


def _check_filter(dimension: str, text: str) -> str:
    is_id = dimension in (Dimension.PERSON, Dimension.GPT) or (dimension == Dimension.GROUP and text != NONE)
    if (is_id and not (text.isascii() and text.isdigit() and int(text[:20]) < 2**63)) or len(text) > 120:
        raise InvalidInput(_("This is none of the choices."), code="unknown_choice", field=dimension)
    return text
