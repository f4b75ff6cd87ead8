"""Reading files again that an older reader read: asking for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from core.audit import record
from core.jobs import enqueue_on_commit
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.queries import list_outdated_files
from workspaces.models import User


@transaction.atomic
def reread_file(*, file: KnowledgeFile, by: User, at: datetime) -> bool:
    """Have a file read again that is ready; its passages answer until the new ones are there.

    Returns whether that was asked for now: not for a file that waits for it already or that the current
    reader has read whole. The worker reads it after commit. Writes an audit event.
    """
    with gpt_workspace_scope(file.gpt):
        return _request(file, by=by, at=at)


@transaction.atomic
def reread_outdated_files(*, gpt: GPT, by: User, at: datetime) -> int:
    """Have all files of a GPT read again that an older reader read; returns how many. See reread_file.

    Those that are kept for frozen versions are among them.
    """
    with gpt_workspace_scope(gpt):
        files = list(list_outdated_files().filter(gpt=gpt).order_by("id"))
        return sum(_request(file, by=by, at=at) for file in files)


@transaction.atomic
def reread_outdated_documents(*, files: Iterable[KnowledgeFile], at: datetime) -> int:
    """Have the documents of files read again, for operators; returns how many. In a scope that sees them."""
    return sum(_request(file, by=None, at=at) for file in files)


def _request(file: KnowledgeFile, *, by: User | None, at: datetime) -> bool:
    document = Document.objects.select_for_update().filter(pk=file.document_id or 0).first()
    if document is None or not document.may_be_reread:
        return False
    document.reread_at, document.reread_failure, document.attempts = at, "", 0
    document.save(update_fields=["reread_at", "reread_failure", "attempts"])
    enqueue_on_commit("gpts.read_files")
    record(
        action="gpts.file_reread",
        by=by,
        at=at,
        subject=file,
        workspace_id=file.workspace_id,
        data={"gpt_id": file.gpt_id, "content_hash": file.content_hash},
    )
    return True
