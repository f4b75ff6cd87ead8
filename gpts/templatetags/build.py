"""Words of the builder's templates: names and values of a draft's fields."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from core.look.illustrations import arch_icon
from gpts.assistants.differences import LABELS
from gpts.assistants.wording import format_field_value as format_field_value

register = template.Library()


@register.filter
def field_label(field: str) -> str:
    return str(LABELS.get(field, field))


@register.filter
def field_value(value: Any, field: str) -> str:
    return format_field_value(value, field)


@register.filter
def starts_with_name(text: str, name: str) -> bool:
    """Whether a name is nothing but the beginning of the text, cut off."""
    return " ".join(text.split()).startswith(name.rstrip("…"))


@register.simple_tag
def gpt_icon(name: str, key: str | None, category: str) -> SafeString:
    """The icon behind a storage key, or the name's first letter."""
    return arch_icon(name, f"/{key}" if key else "", category, "md")
