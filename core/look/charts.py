"""Small charts as inline SVG, with their numbers as text or in a table."""

# ruff: noqa: E501 - markup is easier to read in unbroken lines

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from core.look.formats import number
from core.look.tables import scroll_attributes

_WIDTH, _HEIGHT = 640.0, 160.0
_MAX_BAR_WIDTH = 32.0


def sparkline(values: Sequence[float], label: str) -> SafeString:
    """Render a line of 120 x 32 pixels; nothing for fewer than two values."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    spread = (high - low) or 1
    step = 116 / (len(values) - 1)
    points = [(2 + index * step, 29 - (value - low) / spread * 26) for index, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return format_html(
        '<svg class="sparkline" viewBox="0 0 120 32" width="120" height="32" role="img" aria-label="{}">'
        '<polygon class="sparkline__area" points="2,31 {} 118,31"/><polyline class="sparkline__line" points="{}"/>'
        '<circle class="sparkline__end" cx="{}" cy="{}" r="2.5"/></svg>',
        label, line, line, f"{points[-1][0]:.1f}", f"{points[-1][1]:.1f}",
    )  # fmt: skip


def bar_chart(points: Sequence[tuple[object, float]], label: str, unit: str = "") -> SafeString:
    """Render bars that start at zero, and the same numbers in a table that can be opened."""
    highest = max((value for _, value in points), default=0) or 1
    slot = _WIDTH / max(len(points), 1)
    width = min(max(slot * 0.7, 1), _MAX_BAR_WIDTH)
    bars = format_html_join(
        "",
        '<rect class="chart__bar" x="{}" y="{}" width="{}" height="{}" rx="2"><title>{}: {}</title></rect>',
        (
            (f"{index * slot + (slot - width) / 2:.1f}", f"{_HEIGHT - value / highest * (_HEIGHT - 8):.1f}",
             f"{width:.1f}", f"{value / highest * (_HEIGHT - 8):.1f}", name, number(value))
            for index, (name, value) in enumerate(points)
        ),
    )  # fmt: skip
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="num">{}</td></tr>',
        ((name, number(value)) for name, value in points),
    )
    ends = format_html("<span>{}</span><span>{}</span>", points[0][0], points[-1][0]) if points else ""
    return format_html(
        '<figure class="chart"><figcaption class="chart__head"><span class="chart__label">{}</span>'
        '<span class="chart__top">{}</span></figcaption>'
        '<svg class="chart__svg" viewBox="0 0 640 160" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<path class="chart__grid" d="M0 8H640M0 84H640M0 159.5H640"/>{}</svg><div class="chart__ends">{}</div>'
        '<details class="disclosure"><summary>{}</summary><div {}>'
        '<table class="table table--dense"><thead><tr><th scope="col">{}</th><th scope="col" class="num">{}</th></tr></thead>'
        "<tbody>{}</tbody></table></div></details></figure>",
        label, gettext("Highest: %(value)s") % {"value": f"{number(highest)} {unit}".strip()}, bars, ends,
        gettext("Show the figures"), scroll_attributes(label), gettext("When"), unit or label, rows,
    )  # fmt: skip


def stars(value: float, count: int | None = None) -> SafeString:
    """Render five stars filled to `value` of 5, with a text for screen readers."""
    shown = f"{value:.1f}"
    said = gettext("%(value)s of 5 stars") % {"value": shown}
    figures = (
        format_html('<span class="stars__count">({})</span>', number(count)) if count is not None else ""
    )
    return format_html(
        '<span class="stars"><svg class="stars__svg" viewBox="0 0 100 20" width="80" height="16" role="img" aria-label="{}">'
        '<path class="stars__off" d="{}"/><svg width="{}" height="20" viewBox="0 0 {} 20" preserveAspectRatio="xMinYMin slice">'
        '<path class="stars__on" d="{}"/></svg></svg>{}</span>',
        said, _FIVE_STARS, f"{value * 20:.1f}", f"{value * 20:.1f}", _FIVE_STARS, figures,
    )  # fmt: skip


_FIVE_STARS = "".join(
    f"M{x + 10} 2.2l2.4 4.9 5.4.8-3.9 3.8.9 5.4-4.8-2.6-4.8 2.6.9-5.4L{x + 2.2:g} 7.9l5.4-.8z"
    for x in range(0, 100, 20)
)
