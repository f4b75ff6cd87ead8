"""Compare two snapshots of a GPT, each the draft or a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import NotFound
from gpts.assistants.access import access_version
from gpts.assistants.content import build_content, list_draft_knowledge_hashes
from gpts.assistants.differences import FieldDiff, compare_fields
from gpts.assistants.models import GPT
from gpts.assistants.queries.versions import get_knowledge_labels
from gpts.assistants.wording import format_field_value
from workspaces.models import User

DRAFT = "draft"


@dataclass(frozen=True)
class Snapshot:
    """The draft or a version. ``content`` is the result of gpts.assistants.content.build_content."""

    name: str
    label: str
    content: dict[str, Any]


def get_snapshot(user: User, gpt: GPT, name: str) -> Snapshot:
    """Return a snapshot of a GPT whose settings ``user`` may view: ``name`` is "draft" or a version's number.

    Raises NotFound for an unknown name.
    """
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
    """Compare two snapshots, with names of files; ``in_words`` also gives settings their labels."""
    hashes = {*before.content["knowledge"], *after.content["knowledge"]}
    changed = before.content["knowledge"] != after.content["knowledge"]
    files = get_knowledge_labels(gpt, hashes) if changed else {}
    return compare_fields(
        before.content, after.content, files=files, format_value=format_field_value if in_words else None
    )
