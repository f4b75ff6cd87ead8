"""Reading versions for people: names of files behind hashes, which numbers there are."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from core.look.formats import file_size
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope

MAX_CHOICES = 500


def get_knowledge_labels(gpt: GPT, hashes: Iterable[str]) -> dict[str, str]:
    """Name and size of each of a GPT's files by its hash, also of those that left the draft.

    One that was deleted everywhere has no size any more and says so. One query.
    """
    wanted = set(hashes)
    if not wanted:
        return {}
    with gpt_workspace_scope(gpt):
        rows = gpt.knowledge_files.filter(content_hash__in=wanted).values_list(
            "content_hash", "name", "document__size"
        )
        found = {
            content_hash: f"{name} · {_('deleted everywhere') if size is None else file_size(size)}"
            for content_hash, name, size in rows
        }
    missing = _("Deleted file")
    return {value: found.get(value, f"{missing} {value[:8]}") for value in wanted}


def list_version_numbers(gpt: GPT) -> list[int]:
    """Numbers of the newest versions, for choosing two to compare."""
    return list(
        Version.objects.filter(gpt=gpt).order_by("-number").values_list("number", flat=True)[:MAX_CHOICES]
    )
