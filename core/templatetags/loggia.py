"""The template vocabulary: icons, arches, figures, charts, links; see templates/components/README.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, ClearableFileInput, FileInput, RadioSelect
from django.http import QueryDict
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from core.look import accents, arches, charts, figures, icons, stylesheets, words
from core.money import format_money

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "") -> SafeString:
    return icons.draw_icon(name, size=size, label=str(label))


@register.simple_tag
def icon_names() -> list[str]:
    return list(icons.ICONS)


@register.simple_tag
def arch_icon(name: str, image_url: str | None = "", category: object = "", size: str = "md") -> SafeString:
    return arches.arch_icon(name, image_url or "", category, size)


@register.simple_tag
def arch_drawing(name: str = "empty") -> SafeString:
    return arches.arch_drawing(name or "empty")


@register.simple_tag
def avatar(name: str, image_url: str | None = "", size: str = "sm") -> SafeString:
    return arches.avatar(name, image_url or "", size)


@register.filter
def category_tint(category: object) -> str:
    return arches.tint_class(category)


@register.filter
def initials(name: str) -> str:
    return arches.initials(name)


@register.filter
def relative_time(moment: datetime | None) -> str:
    return figures.relative_time(moment, timezone.now()) if moment else ""


@register.filter
def exact_time(moment: datetime | None) -> str:
    return figures.exact_time(moment) if moment else ""


@register.filter
def utc_time(moment: datetime | None) -> str:
    return figures.utc_time(moment) if moment else ""


@register.filter
def day(value: date | None) -> str:
    return figures.day(value) if value else ""


@register.filter
def number(value: float | Decimal | None) -> str:
    return "" if value is None else figures.number(value)


@register.filter
def compact_number(value: int | None) -> str:
    return "" if value is None else figures.compact_number(value)


@register.filter
def percent(ratio: float | Decimal | None, digits: int = 0) -> str:
    return "" if ratio is None else figures.percent(ratio, digits)


@register.filter
def file_size(size: int | None) -> str:
    return "" if size is None else figures.file_size(size)


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Integer minor units with their currency."""
    return "" if minor is None else format_money(minor, currency, get_language() or "en")


@register.filter
def micros(amount: int | None, currency: str) -> str:
    """Integer micro-units with their currency."""
    return "" if amount is None else figures.micros(amount, currency)


@register.filter
def tone(level: str) -> str:
    """Kind of a toast for a level of django.contrib.messages, or for a kind itself."""
    words = str(level).split()
    last = words[-1] if words else "info"
    return {"success": "good", "warning": "warn", "error": "bad", "debug": "info"}.get(last, last)


@register.filter
def tone_icon(kind: str) -> str:
    return {"good": "check", "warn": "warning", "bad": "warning"}.get(tone(kind), "info")


@register.filter
def field_kind(field: BoundField) -> str:
    """How components/field.html lays a bound field out: check, group, file or line."""
    widget = field.field.widget
    if isinstance(widget, RadioSelect) or (
        getattr(widget, "use_fieldset", False) and not isinstance(widget, ClearableFileInput)
    ):
        return "group"
    if isinstance(widget, CheckboxInput):
        return "check"
    return "file" if isinstance(widget, FileInput) else "line"


@register.simple_tag
def counted_control(field: BoundField) -> SafeString:
    """The control with `data-counter` set to its own maximum, so that counter.js shows what is left."""
    limit = getattr(field.field, "max_length", None)
    return field.as_widget(attrs={"data-counter": str(limit)} if limit else None)


@register.simple_tag(takes_context=True)
def keep_params(context: RequestContext, **changes: object) -> str:
    """The current query string with `changes`; None or "" removes a name. Always starts with "?"."""
    request = context.get("request")
    params = request.GET.copy() if request else QueryDict(mutable=True)
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        else:
            params[name] = str(value)
    return "?" + params.urlencode()


@register.simple_tag
def stars(value: float | None, count: int | None = None) -> SafeString:
    return charts.stars(value or 0, count)


@register.simple_tag
def sparkline(values: Sequence[float], label: str = "") -> SafeString:
    return charts.sparkline(values, label)


@register.simple_tag
def bar_chart(points: Sequence[tuple[object, float]], label: str = "", unit: str = "") -> SafeString:
    return charts.bar_chart(points, label, unit)


@register.simple_tag
def stylesheet_links() -> SafeString:
    names = stylesheets.links(stylesheets.static_root())
    return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', ((static(name),) for name in names))


@register.simple_tag(takes_context=True)
def accent_style(context: RequestContext, accent: str | None = "") -> SafeString:
    """A workspace's accent as corrected tokens, in a <style> with the page's nonce."""
    if not accent:
        return SafeString("")
    # Reading the nonce puts it into the header; its truth value does not, so no `or` here.
    return accents.accent_style(accent, str(getattr(context.get("request"), "csp_nonce", "")))


@register.filter
def get(value: Any, key: str) -> Any:
    """One entry of a mapping by a key that is itself a variable; None when absent."""
    return value.get(key) if value else None


@register.simple_tag
def filler(count: object) -> range:
    """A range for {% for %}: skeletons repeat a shape."""
    return range(int(str(count or 3)))


@register.simple_tag
def confirm_pattern(phrase: str) -> SafeString:
    """The phrase as a pattern attribute that only the very phrase matches."""
    escaped = "".join(f"\\{c}" if c in r"\^$.|?*+()[]{}/-" else c for c in phrase)
    return format_html("{}", escaped)


@register.filter
def sentence_case(text: str) -> str:
    """Titles of packages in our manner; keeps what is already escaped."""
    return type(text)(words.sentence_case(text))


@register.filter
def device(user_agent: str) -> str:
    return words.device(user_agent)


@register.filter
def unsigned(value: int) -> int:
    """A difference without its sign, where an arrow already says the direction."""
    return abs(value)
