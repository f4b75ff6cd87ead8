"""The fields of a version that moderators compare, and their values as text."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import Version
from gpts.assistants.states import Category
from gpts.llm.states import Capability

VERSION_FIELDS: tuple[tuple[str, Any], ...] = (
    ("name", _("Name")),
    ("description", _("Description")),
    ("category", _("Category")),
    ("starters", _("Starters")),
    ("instructions", _("Instructions")),
    ("model_name", _("Model")),
    ("capabilities", _("Capabilities")),
    ("knowledge_hashes", _("Knowledge files")),
    ("icon", _("Icon")),
)


def format_field(version: Version, name: str) -> str:
    """Return a field as text, one item a line."""
    value = getattr(version, name)
    if name == "category":
        return str(Category(value).label) if value in Category.values else str(value)
    if name == "capabilities":
        return "\n".join(str(Capability(item).label) for item in sorted(value))
    if isinstance(value, list):
        return "\n".join(value)
    return str(value)
