"""How the fields of a draft or version read: labels, and values in words."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from gpts.assistants.states import Category, OutputFormat
from gpts.llm.states import Capability, ModelChoice

_CHOICES = {
    "category": Category,
    "output_format": OutputFormat,
    "model_choice": ModelChoice,
}


def format_field_value(value: Any, field: str) -> str:
    """Return a field's value as people read it; several lines for lists and schemas, empty for nothing."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return _("On") if value else _("Off")
    if field in _CHOICES:
        return _get_label(_CHOICES[field], value)
    if field == "capabilities":
        return "\n".join(_get_label(Capability, item) for item in value)
    if field == "icon":
        return _("Own picture")
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=2)
    if isinstance(value, (list, tuple)):
        return "\n".join(str(item) for item in value)
    return str(value)


def _get_label(choices: Any, value: Any) -> str:
    return str(choices(value).label) if value in choices.values else str(value)
