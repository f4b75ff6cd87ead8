"""Template tags and filters of the design system; see templates/components/README.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, ClearableFileInput, FileInput, PasswordInput, RadioSelect
from django.http import QueryDict
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from core.look import (
    accent_colours,
    charts,
    formats,
    icons,
    illustrations,
    scripts,
    stylesheets,
    tables,
    titles,
    user_agents,
)
from core.money import format_money

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "") -> SafeString:
    return icons.draw_icon(name, size=size, label=str(label))


@register.simple_tag
def icon_names() -> list[str]:
    return list(icons.ICONS)


@register.simple_tag
def arch_icon(
    name: str,
    image_url: str | None = "",
    category: object = "",
    size: str = "md",
    slug: str | None = "",
) -> SafeString:
    return illustrations.arch_icon(name, image_url or "", category, size, slug or "")


@register.simple_tag
def arch_drawing(name: str = "empty") -> SafeString:
    return illustrations.arch_drawing(name or "empty")


@register.simple_tag
def avatar(name: str, image_url: str | None = "", size: str = "sm") -> SafeString:
    return illustrations.avatar(name, image_url or "", size)


@register.filter
def category_tint(category: object) -> str:
    return illustrations.tint_class(category)


@register.filter
def initials(name: str) -> str:
    return illustrations.initials(name)


@register.filter
def relative_time(moment: datetime | None) -> str:
    return formats.relative_time(moment, timezone.now()) if moment else ""


@register.filter
def exact_time(moment: datetime | None) -> str:
    return formats.exact_time(moment) if moment else ""


@register.filter
def utc_time(moment: datetime | None) -> str:
    return formats.utc_time(moment) if moment else ""


@register.filter
def day(value: date | None) -> str:
    return formats.day(value) if value else ""


@register.filter
def month(moment: datetime | None) -> str:
    return formats.month(moment) if moment else ""


@register.filter
def number(value: float | Decimal | str | None, digits: int | None = None) -> str:
    """Return a number in the reader's language; nothing for None and for "", a name that is not there."""
    return "" if value is None or isinstance(value, str) else formats.number(value, digits)


@register.filter
def compact_number(value: int | None) -> str:
    return "" if value is None else formats.compact_number(value)


@register.filter
def percent(ratio: float | Decimal | None, digits: int = 0) -> str:
    return "" if ratio is None else formats.percent(ratio, digits)


@register.filter
def file_size(size: int | None) -> str:
    return "" if size is None else formats.file_size(size)


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Integer minor units with their currency."""
    return "" if minor is None else format_money(minor, currency, get_language() or "en")


@register.filter
def micros(amount: int | None, currency: str) -> str:
    """Integer micro-units with their currency."""
    return "" if amount is None else formats.micros(amount, currency)


@register.filter
def tone(level: str) -> str:
    """Return the tone of a toast (good, warn, bad, info) for message tags of Django, or for a tone itself."""
    tags = str(level).split()
    last = tags[-1] if tags else "info"
    return {"success": "good", "warning": "warn", "error": "bad", "debug": "info"}.get(last, last)


@register.filter
def tone_icon(kind: str) -> str:
    return {"good": "check", "warn": "warning", "bad": "warning"}.get(tone(kind), "info")


@register.filter
def field_kind(field: BoundField) -> str:
    """Return the layout of a bound field in components/field.html: check, group, file, password or line."""
    widget = field.field.widget
    if isinstance(widget, RadioSelect) or (
        getattr(widget, "use_fieldset", False) and not isinstance(widget, ClearableFileInput)
    ):
        return "group"
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, PasswordInput):
        return "password"
    return "file" if isinstance(widget, FileInput) else "line"


@register.simple_tag
def counted_control(field: BoundField) -> SafeString:
    """Render the control with its maximum length in `data-counter`, from which counter.js counts down."""
    limit = getattr(field.field, "max_length", None)
    return field.as_widget(attrs={"data-counter": str(limit)} if limit else None)


@register.simple_tag(takes_context=True)
def keep_params(context: RequestContext, **changes: object) -> str:
    """Return the current query string with `changes`; None or "" removes a name. Always starts with "?"."""
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
def scroll_table(label: object = "", labelled_by: str = "", is_tall: bool = False) -> SafeString:
    """Return the attributes of the element around a table; see core.look.tables."""
    return tables.scroll_attributes(label, labelled_by=labelled_by, is_tall=is_tall)


@register.simple_tag
def stylesheet_links() -> SafeString:
    names = stylesheets.links(stylesheets.static_root())
    return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', ((static(name),) for name in names))


@register.simple_tag
def module_script(entry: str) -> SafeString:
    """Load a module of static/js, which must be among ENTRIES in core/look/scripts.py."""
    return format_html('<script type="module" src="{}"></script>', static(scripts.link(entry)))


@register.simple_tag(takes_context=True)
def accent_style(context: RequestContext, accent: str | None = "") -> SafeString:
    """Render a <style> with the page's nonce for a workspace's accent colour, corrected for contrast."""
    if not accent:
        return SafeString("")
    # Only str() of the lazy nonce adds it to the CSP header; its truth value does not, so no `or` here.
    return accent_colours.accent_style(accent, str(getattr(context.get("request"), "csp_nonce", "")))


@register.filter
def get(value: Any, key: str) -> Any:
    """Return an entry of a mapping by a variable key; None when absent."""
    return value.get(key) if value else None


@register.simple_tag
def filler(count: object) -> range:
    """Return a range for {% for %}, to repeat the shapes of skeletons."""
    return range(int(str(count or 3)))


@register.simple_tag
def confirm_pattern(phrase: str) -> SafeString:
    """Escape a phrase for a pattern attribute, so that only the phrase itself matches."""
    escaped = "".join(f"\\{c}" if c in r"\^$.|?*+()[]{}/-" else c for c in phrase)
    return format_html("{}", escaped)


@register.filter
def sentence_case(text: str) -> str:
    """Put a title of another package in sentence case; escaped text stays marked as safe."""
    return type(text)(titles.sentence_case(text))


@register.filter
def device(user_agent: str) -> str:
    return user_agents.describe_device(user_agent)


@register.filter
def unsigned(value: int) -> int:
    """Return a difference without its sign, where an arrow shows the direction."""
    return abs(value)
