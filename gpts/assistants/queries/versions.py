"""Queries for versions and the names of their knowledge files."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.look.formats import file_size
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope

MAX_CHOICES = 500


def list_versions(gpt: GPT) -> QuerySet[Version]:
    """Return the versions of a GPT, newest first."""
    return (
        Version.objects.filter(gpt=gpt)
        .select_related("created_by", "language_model")
        .prefetch_related("live_for")
        .order_by("-number")
    )


def get_knowledge_labels(gpt: GPT, hashes: Iterable[str]) -> dict[str, str]:
    """Return name and size of a GPT's files by their hash, also of files removed from the draft.

    A file that was deleted everywhere has no size; its label says so. One query.
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
    """Return the numbers of the newest versions, newest first, to choose two for a comparison."""
    return list(
        Version.objects.filter(gpt=gpt).order_by("-number").values_list("number", flat=True)[:MAX_CHOICES]
    )
