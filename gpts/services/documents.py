"""Documents: bytes kept once a workspace, asked to be read, and gone when nobody needs them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput, TooLarge
from core.jobs import enqueue_on_commit
from gpts.extraction import HEAD_BYTES, UnreadableError, check_head, media_type_of
from gpts.knowledge_queries import unread_documents
from gpts.knowledge_words import reason
from gpts.models import Document, KnowledgeFile, Passage
from gpts.retrieval import forget_document
from gpts.states import FileState, ReadingStage

FOLDER = "knowledge"
# Without a sign of life for this long a waiting or running reading is taken up anew.
WAIT_SECONDS = 60
LEFTOVER_HOURS = 24


def keep_document(*, workspace_id: int, name: str, upload: File[Any], at: datetime) -> tuple[Document, bool]:
    """Return the workspace's document of these bytes, kept now or before, and whether it is new.

    Reads ``upload`` by steps. Raises TooLarge (KNOWLEDGE_FILE_BYTES) or InvalidInput, with field ``file``;
    nothing is kept then. The caller's transaction takes the row along; bytes whose row never came are swept.
    """
    media_type, digest, size = examine(name, upload)
    document = Document.objects.select_for_update().filter(
        workspace_id=workspace_id, content_hash=digest
    ).first()  # fmt: skip
    if document is not None:
        return document, False
    upload.seek(0)
    key = default_storage.save(f"{FOLDER}/{workspace_id}/{uuid4().hex}", upload)
    try:
        with transaction.atomic():
            document = Document.objects.create(
                workspace_id=workspace_id,
                content_hash=digest,
                media_type=media_type,
                size=size,
                storage_key=key,
                created_at=at,
            )
    except IntegrityError:
        default_storage.delete(key)
        return Document.objects.select_for_update().get(workspace_id=workspace_id, content_hash=digest), False
    except BaseException:
        default_storage.delete(key)
        raise
    return document, True


def examine(name: str, upload: File[Any]) -> tuple[str, str, int]:
    """Return media type, SHA-256 and size of what was sent; raises what keep_document says."""
    limit = settings.KNOWLEDGE_FILE_BYTES
    try:
        media_type = media_type_of(name)
        if (upload.size or 0) > limit:
            raise _too_big(limit)
        digest, size = hashlib.sha256(), 0
        upload.seek(0)
        check_head(media_type, upload.read(HEAD_BYTES))
        upload.seek(0)
        for chunk in upload.chunks():
            size += len(chunk)
            if size > limit:
                raise _too_big(limit)
            digest.update(chunk)
    except UnreadableError as problem:
        raise InvalidInput(reason(problem.code), code=f"file_{problem.code}", field="file") from problem
    return media_type, digest.hexdigest(), size


def _too_big(limit: int) -> TooLarge:
    return TooLarge(
        _("This file is too big: at most %(megabytes)d MB fit. Split it and add the parts.")
        % {"megabytes": max(limit // (1024 * 1024), 1)},
        code="file_too_large",
        field="file",
        data={"limit": limit},
    )


def ask_to_read(document: Document, *, again: bool = False) -> None:
    """Have a document read by a worker after commit; ``again`` starts a failed one from the beginning."""
    from gpts.knowledge_tasks import read_document  # the tasks call this module

    if again and document.state == FileState.FAILED:
        document.state, document.failure, document.attempts = FileState.WAITING, "", 0
        document.progress, document.stage, document.retry_at = 0, ReadingStage.NONE, None
        document.save(update_fields=["state", "failure", "attempts", "progress", "stage", "retry_at"])
    if document.state == FileState.WAITING:
        enqueue_on_commit(read_document, document_id=document.pk)


def release_document(document_id: int | None) -> bool:
    """Erase a document, with passages, index, vectors and bytes, unless some file still holds it.

    Returns whether it was erased. The bytes go after commit; what is left by a crash is swept.
    """
    if document_id is None:
        return False
    document = Document.objects.select_for_update().filter(pk=document_id).first()
    if document is None or KnowledgeFile.objects.filter(document=document).exists():
        return False
    key = document.storage_key
    forget_document(document)
    Passage.objects.filter(document=document).delete()
    document.delete()
    transaction.on_commit(lambda: default_storage.delete(key), robust=True)
    return True


def sweep_documents(*, at: datetime) -> int:
    """Ask again for documents that wait too long or whose reader died; returns how many. Idempotent."""
    from gpts.knowledge_tasks import read_document  # the tasks call this module

    stale = at - timedelta(seconds=WAIT_SECONDS)
    found = list(unread_documents(at=at, stale_before=stale).values_list("pk", flat=True)[:100])
    for identifier in found:
        enqueue_on_commit(read_document, document_id=identifier)
    return len(found)


def sweep_leftovers(*, at: datetime) -> int:
    """Erase documents that no file holds, and stored bytes that no document has; returns how many."""
    border = at - timedelta(hours=LEFTOVER_HOURS)
    lonely = Document.objects.filter(files__isnull=True, created_at__lt=border).values_list("pk", flat=True)
    erased = sum(release_document(identifier) for identifier in list(lonely[:500]))
    try:
        workspaces = default_storage.listdir(FOLDER)[0]
    except FileNotFoundError:
        return erased
    for workspace in workspaces:
        keys = [
            f"{FOLDER}/{workspace}/{name}" for name in default_storage.listdir(f"{FOLDER}/{workspace}")[1]
        ]
        known = set(Document.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True))
        for key in keys:
            if key not in known and default_storage.get_modified_time(key) < border:
                default_storage.delete(key)
                erased += 1
    return erased
