"""Naming a state of a GPT to compare: the draft, or a version by its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import NotFound
from gpts.assistants.access import access_version
from gpts.assistants.differences import FieldDiff, compare_fields
from gpts.assistants.models import GPT
from gpts.assistants.queries.versions import get_knowledge_labels
from gpts.assistants.services.versions import build_content, list_draft_knowledge_hashes
from gpts.assistants.wording import format_field_value

DRAFT = "draft"


@dataclass(frozen=True)
class Snapshot:
    """``content`` is what gpts.assistants.services.versions.build_content gives."""

    name: str
    label: str
    content: dict[str, Any]


def get_snapshot(user: Any, gpt: GPT, name: str) -> Snapshot:
    """Return the state of a GPT whose settings ``user`` may view; NotFound for an unknown name."""
    if name == DRAFT:
        return Snapshot(
            DRAFT, _("Draft"), build_content(gpt, knowledge_hashes=list_draft_knowledge_hashes(gpt))
        )
    if not (name.isascii() and name.isdecimal()) or len(name) > 9:
        raise NotFound(_("This GPT has no such version."), code="version_not_found")
    version = access_version(user, gpt, int(name))
    return Snapshot(
        name=str(version.number),
        label=_("Version %(number)s") % {"number": version.number},
        content=build_content(version, knowledge_hashes=list(version.knowledge_hashes)),
    )


def compare_snapshots(
    gpt: GPT, before: Snapshot, after: Snapshot, *, in_words: bool = False
) -> list[FieldDiff]:
    """Compare two states with files by their names; ``in_words`` also says settings as people read them."""
    hashes = {*before.content["knowledge"], *after.content["knowledge"]}
    changed = before.content["knowledge"] != after.content["knowledge"]
    files = get_knowledge_labels(gpt, hashes) if changed else {}
    return compare_fields(
        before.content, after.content, files=files, words=format_field_value if in_words else None
    )
