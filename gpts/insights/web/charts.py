"""Charts of insights: bars as wide as their days in SVG units, and the same figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, log10
from typing import TypeVar

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.look.formats import compact_number, number, percent, short_day
from gpts.insights.grouping import GROUP_SIZE
from gpts.insights.queries import Period, Quantiles, SharePeriod, UsePeriod
from gpts.insights.ranges import Range
from gpts.insights.wording import format_seconds

WIDTH, HEIGHT = 720.0, 160.0
_GAP = 2.0
Row = TypeVar("Row", bound=Period)


@dataclass(frozen=True)
class Bar:
    """A bar in SVG units; ``inner_*`` is a second, shorter bar in front of it."""

    x: str
    width: str
    y: str
    height: str
    inner_y: str
    inner_height: str
    title: str


@dataclass(frozen=True)
class Chart:
    label: str
    bars: Sequence[Bar]
    # Labels of the vertical axis: top, middle, zero.
    ticks: Sequence[str]
    days: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[str] = ()
    # x and width of the days at the end that have no period yet.
    waiting: tuple[str, str] | None = None


@dataclass(frozen=True)
class BarValue:
    """The figures of one period: height of the bar and of the bar in front, tooltip, table cells."""

    height: float
    inner: float
    text: str
    cells: Sequence[str]


def build_turns_chart(use: Sequence[UsePeriod], chosen: Range) -> Chart:
    def build_value(period: UsePeriod) -> BarValue:
        a_day = period.turns / period.days
        text = ngettext(
            "%(turns)s answer, %(a_day)s a day", "%(turns)s answers, %(a_day)s a day", period.turns
        ) % {"turns": number(period.turns), "a_day": _format_short(a_day)}
        cells = [
            format_people(period.people),
            number(period.conversations),
            number(period.turns),
            _format_short(a_day),
        ]
        return BarValue(a_day, 0, text, cells)

    columns = [_("People who came"), _("Conversations"), _("Answers"), _("Answers a day")]
    return _build_chart(_("Answers a day"), use, chosen, build_value, columns, _format_short)


def build_tokens_chart(use: Sequence[UsePeriod], chosen: Range) -> Chart:
    def build_value(period: UsePeriod) -> BarValue:
        a_day, written = period.tokens / period.days, period.output_tokens / period.days
        text = ngettext(
            "%(tokens)s token, %(a_day)s a day", "%(tokens)s tokens, %(a_day)s a day", period.tokens
        ) % {"tokens": number(period.tokens), "a_day": compact_number(round(a_day))}
        return BarValue(
            a_day, written, text,
            [number(period.input_tokens), number(period.output_tokens), number(round(a_day))],
        )  # fmt: skip

    return _build_chart(
        _("Tokens a day"), use, chosen, build_value,
        [_("Tokens read"), _("Tokens written"), _("Tokens a day")],
        lambda amount: compact_number(round(amount)), legend=[_("Read and written"), _("Tokens written")],
    )  # fmt: skip


def build_cost_chart(use: Sequence[UsePeriod], chosen: Range, money: Callable[[int], str]) -> Chart:
    def build_value(period: UsePeriod) -> BarValue:
        a_day = period.cost_micros / period.days
        text = _("%(cost)s, %(a_day)s a day") % {
            "cost": money(period.cost_micros), "a_day": money(round(a_day)),
        }  # fmt: skip
        return BarValue(a_day, 0, text, [money(period.cost_micros), money(round(a_day))])

    return _build_chart(
        _("Cost a day"), use, chosen, build_value, [_("Cost"), _("Cost a day")],
        lambda amount: money(round(amount)),
    )  # fmt: skip


def build_speed_chart(
    label: str, use: Sequence[UsePeriod], chosen: Range, take: Callable[[UsePeriod], Quantiles]
) -> Chart:
    def build_value(period: UsePeriod) -> BarValue:
        took = take(period)
        half, most = format_seconds(took.p50), format_seconds(took.p90)
        text = _("half within %(half)s, nine of ten within %(most)s") % {"half": half, "most": most}
        return BarValue(took.p90 or took.p50 or 0, took.p50 or 0, text, [half, most])

    legend = [_("Nine of ten answers"), _("Half of the answers")]
    known = [period for period in use if take(period).p50 is not None]
    return _build_chart(
        label,
        known,
        chosen,
        build_value,
        [_("Half within"), _("Nine of ten within")],
        format_seconds,
        legend=legend,
    )


def build_share_chart(
    label: str, shares: Sequence[SharePeriod], chosen: Range, columns: Sequence[str]
) -> Chart:
    def build_value(share: SharePeriod) -> BarValue:
        ratio = share.ratio or 0
        text = _("%(share)s, %(count)s of %(whole)s") % {
            "share": percent(ratio, 1), "count": number(share.count), "whole": number(share.whole),
        }  # fmt: skip
        return BarValue(ratio, 0, text, [number(share.count), number(share.whole), percent(ratio, 1)])

    return _build_chart(
        label, shares, chosen, build_value, [*columns, _("Percentage")], _format_percent, max_top=1.0
    )


def format_people(people: int) -> str:
    """Return a range of people, as they are rounded down to fives: 35 becomes 35–39."""
    return f"{number(people)}–{number(people + GROUP_SIZE - 1)}"


def format_days(start: date, last: date) -> str:
    """Return a range of days in short form: 3 Mar, 3–5 Mar, 28 Feb – 2 Mar."""
    if start == last:
        return short_day(start)
    if (get_language() or "").startswith("zh") or (start.year, start.month) != (last.year, last.month):
        return f"{short_day(start)} – {short_day(last)}"
    return f"{start.day}–{short_day(last)}"


def _build_chart(
    label: str,
    periods: Sequence[Row],
    chosen: Range,
    build_value: Callable[[Row], BarValue],
    columns: Sequence[str],
    tick: Callable[[float], str],
    *,
    legend: Sequence[str] = (),
    max_top: float | None = None,
) -> Chart:
    values = [build_value(period) for period in periods]
    top = _round_up(max((one.height for one in values), default=0))
    top = min(top, max_top) if max_top else top
    return Chart(
        label=label,
        bars=[_build_bar(period, one, chosen, top) for period, one in zip(periods, values, strict=True)],
        ticks=[tick(top), tick(top / 2), tick(0)],
        days=_build_day_labels(chosen),
        columns=[_("Days"), *columns],
        rows=[
            [format_days(period.start, period.last), *one.cells]
            for period, one in zip(periods, values, strict=True)
        ],
        legend=legend,
        waiting=_get_waiting_area(periods, chosen),
    )


def _build_bar(period: Period, value: BarValue, chosen: Range, top: float) -> Bar:
    x, width = _get_position(period.start, period.end, chosen)
    height, inner = value.height / top * HEIGHT, value.inner / top * HEIGHT
    gap = min(_GAP, width / 4)
    return Bar(
        x=f"{x + gap / 2:.1f}",
        width=f"{width - gap:.1f}",
        y=f"{HEIGHT - height:.1f}",
        height=f"{height:.1f}",
        inner_y=f"{HEIGHT - inner:.1f}",
        inner_height=f"{inner:.1f}",
        title=f"{format_days(period.start, period.last)}: {value.text}",
    )


def _get_position(start: date, end: date, chosen: Range) -> tuple[float, float]:
    a_day = WIDTH / (chosen.end - chosen.start).days
    return (start - chosen.start).days * a_day, (end - start).days * a_day


def _get_waiting_area(periods: Sequence[Period], chosen: Range) -> tuple[str, str] | None:
    if not periods or periods[-1].end >= chosen.end:
        return None
    x, width = _get_position(periods[-1].end, chosen.end, chosen)
    return f"{x:.1f}", f"{width:.1f}"


def _build_day_labels(chosen: Range) -> list[str]:
    middle = chosen.start + timedelta(days=(chosen.end - chosen.start).days // 2)
    shown = dict.fromkeys([chosen.start, middle, chosen.last])
    return [short_day(day) for day in shown]


def _round_up(value: float) -> float:
    """Round up to 1, 2, 4, 6 or 10 times a power of ten, so that half of it is a round number too."""
    if value <= 0:
        return 1.0
    size = float(10 ** floor(log10(value)))
    return next(step * size for step in (1, 2, 4, 6, 10) if step * size >= value - size * 1e-9)


def _format_short(value: float) -> str:
    return compact_number(round(value)) if value >= 10 else number(round(value, 1))


def _format_percent(ratio: float) -> str:
    return percent(ratio, 0 if ratio == 0 or ratio >= 0.05 else 1)
