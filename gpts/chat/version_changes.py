"""What a person who chats may read about a newer version: public fields that differ, and release notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gpts.assistants.differences import LABELS
from gpts.assistants.models import PastVersion, Version
from gpts.assistants.states import Category
from gpts.llm.states import Capability

# The fields on the public page of a GPT; instructions are shown to its builders only.
PUBLIC_FIELDS = ("name", "description", "category", "starters", "capabilities")


@dataclass(frozen=True)
class PublicChange:
    """One public field that differs."""

    field: str
    label: Any
    before: str
    after: str


def list_public_changes(before: Version, after: Version) -> list[PublicChange]:
    return [
        PublicChange(
            field,
            LABELS[field],
            _format_value(field, getattr(before, field)),
            _format_value(field, getattr(after, field)),
        )
        for field in PUBLIC_FIELDS
        if getattr(before, field) != getattr(after, field)
    ]


def _format_value(field: str, value: Any) -> str:
    if field == "category" and value in Category.values:
        return str(Category(value).label)
    if field == "capabilities":
        return _(", ").join(str(Capability(name).label) for name in value if name in Capability.values)
    return " · ".join(value) if isinstance(value, list) else str(value)


def list_versions_between(before: Version, after: Version) -> list[Version]:
    """Versions between the two that were once live for somebody, with their release notes, newest first."""
    once_live = PastVersion.objects.filter(gpt_id=after.gpt_id).values("version")
    return list(
        Version.objects.filter(gpt_id=after.gpt_id, number__gt=before.number, number__lt=after.number)
        .filter(pk__in=once_live)
        .order_by("-number")
        .only("number", "release_notes", "created_at", "gpt_id")
    )
