"""Duplicate a GPT."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import record
from core.errors import Forbidden
from gpts.assistants.access import gpt_not_found
from gpts.assistants.content import BEHAVIOUR_FIELDS
from gpts.assistants.models import GPT
from gpts.assistants.models.gpts import NAME_LENGTH
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.services.gpts import check_not_quarantined, create_gpt
from gpts.knowledge.models import KnowledgeFile
from workspaces.models import User


@transaction.atomic
def duplicate_gpt(*, gpt: GPT, by: User, at: datetime, name: str = "") -> GPT:
    """Create a GPT of ``by`` with the draft of ``gpt``: its settings, icon and knowledge files.

    The caller has authorised ``by`` to view the settings. The copy is in the workspace of the original and
    shares its documents. Conversations, versions, tests, secrets, sharing and figures are not copied.
    Without ``name`` it is called "Copy of …". Raises Conflict while the original is quarantined, Forbidden if
    ``by`` may not build there or the workspace is suspended, InvalidInput for a bad name; nothing is written
    then. Audited.
    """
    source = _read_source(gpt)
    if source.workspace.suspended_at is not None:
        raise Forbidden(_("This workspace is suspended. Nothing can be built in it."), code="suspended")
    name = name or (_("Copy of %(name)s") % {"name": source.name})[:NAME_LENGTH].strip()
    copy = create_gpt(workspace=source.workspace, owner=by, by=by, at=at, name=name)
    fields = [field for field in BEHAVIOUR_FIELDS if field != "name"]
    for field in fields:
        setattr(copy, field, getattr(source, field))
    copy.save(update_fields=fields)
    _copy_files(source, copy, by=by, at=at)
    record(
        action="gpts.gpt_duplicated",
        by=by,
        at=at,
        subject=copy,
        workspace_id=copy.workspace_id,
        data={"from_id": source.pk},
    )
    return copy


def _read_source(gpt: GPT) -> GPT:
    """Return the GPT as it is now, unlocked: who may view only may not lock it."""
    source = (
        GPT.objects.select_related("workspace", "language_model")
        .filter(pk=gpt.pk, deleted_at__isnull=True)
        .first()
    )
    if source is None:
        raise gpt_not_found()
    check_not_quarantined(source)
    return source


def _copy_files(source: GPT, copy: GPT, *, by: User, at: datetime) -> None:
    with gpt_workspace_scope(source):
        files = KnowledgeFile.objects.filter(gpt=source, removed_at__isnull=True).order_by("created_at", "id")
        KnowledgeFile.objects.bulk_create(
            KnowledgeFile(
                workspace_id=copy.workspace_id,
                gpt=copy,
                document_id=file.document_id,
                name=file.name,
                content_hash=file.content_hash,
                source_url=file.source_url,
                fetched_at=file.fetched_at,
                review_on=file.review_on,
                uploaded_by=by,
                created_at=at,
            )
            for file in files
        )
