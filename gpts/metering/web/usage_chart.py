"""The chart of a company's usage in SVG units, and the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.look.formats import compact_number, micros, number, short_day
from gpts.metering.queries.company_usage import UsageReport, UsageSums
from gpts.metering.usage_ranges import Step, UsageRange

WIDTH, HEIGHT = 720.0, 160.0
_GAP = 2.0


@dataclass(frozen=True)
class Bar:
    x: str
    width: str
    y: str
    height: str
    title: str


@dataclass(frozen=True)
class Chart:
    """What templates/gpts/insights/_chart.html draws."""

    label: str
    bars: Sequence[Bar]
    # Labels of the vertical axis: top, middle, zero.
    ticks: Sequence[str]
    days: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def build_usage_chart(report: UsageReport, step: str) -> Chart:
    """Return bars of the cost of each period, or of the answers when nothing cost anything."""
    is_cost = report.total.cost_micros > 0

    def measure(sums: UsageSums) -> int:
        return sums.cost_micros if is_cost else sums.answers

    def show(amount: float) -> str:
        if is_cost:
            return micros(round(amount), settings.PAYOUT_CURRENCY)
        return compact_number(round(amount)) if amount >= 10 else number(round(amount, 1))

    top = _round_up(max((measure(sums) for _period, sums in report.periods), default=0))
    share = WIDTH / max(len(report.periods), 1)
    gap = min(_GAP, share / 4)
    bars = []
    for place, (period, sums) in enumerate(report.periods):
        height = measure(sums) / top * HEIGHT
        bars.append(
            Bar(
                x=f"{place * share + gap / 2:.1f}",
                width=f"{share - gap:.1f}",
                y=f"{HEIGHT - height:.1f}",
                height=f"{height:.1f}",
                title=f"{_format_period(period)}: {show(measure(sums))}",
            )
        )
    shown = [period for period, _sums in report.periods]
    # The edges of the axis and, with enough bars, its middle.
    ends = [shown[0], shown[len(shown) // 2], shown[-1]] if len(shown) > 2 else shown
    name = {Step.DAY: _("day"), Step.WEEK: _("week"), Step.MONTH: _("month")}[Step(step)]
    label = _("Cost a %(step)s") if is_cost else _("Answers a %(step)s")
    return Chart(
        label=label % {"step": name},
        bars=bars,
        ticks=[show(top), show(top / 2), show(0)],
        days=[short_day(period.start) for period in ends],
        columns=[_("Days"), _("Cost"), _("Answers"), _("Tokens")],
        rows=[
            [
                _format_period(period),
                micros(sums.cost_micros, settings.PAYOUT_CURRENCY),
                number(sums.answers),
                number(sums.tokens),
            ]
            for period, sums in report.periods
        ],
    )


def _format_period(period: UsageRange) -> str:
    start, last = period.start, period.last
    if start == last:
        return short_day(start)
    if (get_language() or "").startswith("zh") or (start.year, start.month) != (last.year, last.month):
        return f"{short_day(start)} – {short_day(last)}"
    return f"{start.day}–{short_day(last)}"


def _round_up(value: float) -> float:
    """Round up to 1, 2, 4, 6 or 10 times a power of ten, so that half of it is a round number too."""
    if value <= 0:
        return 1.0
    size = float(10 ** floor(log10(value)))
    return next(step * size for step in (1, 2, 4, 6, 10) if step * size >= value - size * 1e-9)
