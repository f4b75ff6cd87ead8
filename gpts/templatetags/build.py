"""Filters and tags of the builder's templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from core.look.illustrations import arch_icon
from gpts.assistants.differences import LABELS
from gpts.assistants.models import GPT
from gpts.assistants.wording import format_field_value as format_field_value
from gpts.evals.tags import show_tag

register = template.Library()


@register.filter
def field_label(field: str) -> str:
    return str(LABELS.get(field, field))


@register.filter
def field_value(value: Any, field: str) -> str:
    return format_field_value(value, field)


@register.filter
def starts_with_name(text: str, name: str) -> bool:
    """Return whether ``name`` is only the truncated beginning of ``text``."""
    return " ".join(text.split()).startswith(name.rstrip("…"))


@register.filter
def shown_tag(tag: str) -> str:
    return show_tag(tag)


@register.simple_tag
def gpt_icon(gpt: GPT, key: str | None) -> SafeString:
    """Render the GPT's icon with this storage key, or its drawn one."""
    return arch_icon(gpt.name, f"/{key}" if key else "", gpt.category, "md", gpt.slug)
