"""Knowledge files in the export of a workspace: which GPT has which, and the files themselves."""

from __future__ import annotations

import re

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from gpts.knowledge.models import KnowledgeFile
from workspaces.exports import ExportPart, Files, Table, columns
from workspaces.models import Workspace

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def _list_files(workspace: Workspace) -> QuerySet[KnowledgeFile]:
    """Return the files of GPTs that exist, also those that only frozen versions have."""
    return KnowledgeFile.objects.filter(
        workspace=workspace, gpt__workspace=workspace, gpt__deleted_at__isnull=True
    )


def _name_file(content_hash: str, name: str) -> str:
    ending = _ENDING.search(name)
    return f"knowledge/files/{content_hash}{ending.group().lower() if ending else ''}"


PART = ExportPart(
    steps=(
        Table(
            "knowledge/files.jsonl",
            _("Knowledge files of each GPT; removed_at: only frozen versions answer from it"),
            _list_files,
            columns(
                "id",
                "gpt_id",
                "name",
                "content_hash",
                "source_url",
                "fetched_at",
                "review_on",
                "created_at",
                "removed_at",
                "erased_at",
                people=("uploaded_by",),
                media_type="document__media_type",
                size="document__size",
            ),
        ),
        Files(
            "knowledge/files",
            _("Their contents, each under its content_hash"),
            lambda workspace: _list_files(workspace).filter(document__isnull=False),
            key="document__storage_key",
            columns=("content_hash", "name"),
            name=_name_file,
        ),
    )
)
