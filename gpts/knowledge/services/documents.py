"""Documents: storing uploads once for each workspace, enqueuing them for reading, erasing unused ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput, RateLimited, TooLarge
from core.instance_settings import get_setting
from core.jobs import enqueue_on_commit
from core.look import formats
from core.scope import current_scope, open_scope
from gpts.knowledge.extraction import HEAD_BYTES, UnreadableError, check_head, get_media_type
from gpts.knowledge.failure_messages import describe_failure
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.queries import list_unread_documents
from gpts.knowledge.retrieval import remove_from_index
from gpts.knowledge.states import FileState, ReadingStage
from workspaces.acts import Act, check_act
from workspaces.models import User, Workspace
from workspaces.queries import get_user_roles
from workspaces.services.notifications import notify

FOLDER = "knowledge"
# A document that waits this long without a job is enqueued again.
WAIT_SECONDS = 60
# A run without a heartbeat for this long counts as dead; a live one writes one every few seconds.
SILENCE_SECONDS = 300
LEFTOVER_HOURS = 24
# Failures that notify the owner and write an audit event.
DANGEROUS = frozenset({"macros", "malware"})


@dataclass(frozen=True)
class StoredUpload:
    """An examined upload; ``key`` is the storage key of its bytes, empty if the workspace had the content."""

    media_type: str
    content_hash: str
    size: int
    key: str


def store_upload(*, workspace_id: int, name: str, upload: File[Any], by: User, at: datetime) -> StoredUpload:
    """Examine an upload and store its bytes in chunks, without locking any row.

    Raises TooLarge (KNOWLEDGE_FILE_BYTES, KNOWLEDGE_WORKSPACE_BYTES, KNOWLEDGE_PERSON_BYTES), RateLimited or
    InvalidInput, with field ``file``, Forbidden as check_act does, and stores nothing then. Afterwards call
    get_or_create_document or discard_upload.
    """
    check_act(by, Act.UPLOAD_KNOWLEDGE, workspace_id=workspace_id)
    _check_rate_limit(workspace_id, by, at)
    media_type, digest, size = examine_upload(name, upload)
    key = ""
    if not Document.objects.filter(workspace_id=workspace_id, content_hash=digest).exists():
        _check_storage_quota(workspace_id, size)
        _check_personal_quota(by, size)
        key = _store_bytes(workspace_id, upload)
    return StoredUpload(media_type, digest, size, key)


def get_or_create_document(
    *, workspace_id: int, stored: StoredUpload, upload: File[Any], at: datetime
) -> Document:
    """Return the workspace's document with these bytes, new or existing. Runs in the caller's transaction."""
    known = Document.objects.select_for_update().filter(
        workspace_id=workspace_id, content_hash=stored.content_hash
    )
    document = known.first()
    if document is not None:
        discard_upload(stored)
        return document
    # The document was erased since store_upload, so the bytes were not stored.
    key = stored.key or _store_bytes(workspace_id, upload)
    try:
        with transaction.atomic():
            return Document.objects.create(
                workspace_id=workspace_id,
                content_hash=stored.content_hash,
                media_type=stored.media_type,
                size=stored.size,
                storage_key=key,
                created_at=at,
            )
    except IntegrityError:
        default_storage.delete(key)
        return known.get()


def discard_upload(stored: StoredUpload) -> None:
    """Delete stored bytes that belong to no document. After a crash sweep_leftovers deletes them."""
    if stored.key and not Document.objects.filter(storage_key=stored.key).exists():
        default_storage.delete(stored.key)


def _store_bytes(workspace_id: int, upload: File[Any]) -> str:
    upload.seek(0)
    return default_storage.save(f"{FOLDER}/{workspace_id}/{uuid4().hex}", upload)


def examine_upload(name: str, upload: File[Any]) -> tuple[str, str, int]:
    """Return media type, SHA-256 and size in bytes of an upload; raises what store_upload raises."""
    limit = settings.KNOWLEDGE_FILE_BYTES
    try:
        media_type = get_media_type(name)
        if (upload.size or 0) > limit:
            raise _build_too_large_error(limit)
        digest, size = hashlib.sha256(), 0
        upload.seek(0)
        check_head(media_type, upload.read(HEAD_BYTES))
        upload.seek(0)
        for chunk in upload.chunks():
            size += len(chunk)
            if size > limit:
                raise _build_too_large_error(limit)
            digest.update(chunk)
    except UnreadableError as problem:
        raise InvalidInput(
            describe_failure(problem.code), code=f"file_{problem.code}", field="file"
        ) from problem
    return media_type, digest.hexdigest(), size


def _check_rate_limit(workspace_id: int, by: User, at: datetime) -> None:
    """The files of the last hour in the workspace, and the person's in all of theirs."""
    limit = get_setting("knowledge_files_per_hour")
    hour_ago = at - timedelta(hours=1)
    if _count_personal_files(by, since=hour_ago) >= limit:
        raise RateLimited(
            _("You have added more than %(count)d files within an hour. Go on a little later.")
            % {"count": limit},
            code="too_many_files_an_hour",
            field="file",
            data={"limit": limit, "retry_after": 600},
        )
    if Document.objects.filter(workspace_id=workspace_id, created_at__gt=hour_ago).count() >= limit:
        raise RateLimited(
            _("More than %(count)d files came into this workspace within an hour. Go on a little later.")
            % {"count": limit},
            code="too_many_files_an_hour",
            field="file",
            data={"limit": limit, "retry_after": 600},
        )


def _check_storage_quota(workspace_id: int, size: int) -> None:
    own = Workspace.objects.filter(pk=workspace_id).values_list("knowledge_bytes", flat=True).first()
    limit = get_setting("knowledge_workspace_bytes") if own is None else own
    held = Document.objects.filter(workspace_id=workspace_id).aggregate(total=Sum("size"))["total"] or 0
    if held + size > limit:
        raise TooLarge(
            _("The knowledge of this workspace is full: all files together may have %(size)s.")
            % {"size": formats.file_size(limit)},
            code="workspace_full",
            field="file",
            data={"limit": limit, "used": held},
        )


def _check_personal_quota(by: User, size: int) -> None:
    limit = get_setting("knowledge_person_bytes")
    with _all_workspaces_scope(by):
        documents = Document.objects.filter(files__uploaded_by=by).distinct()
        held = documents.aggregate(total=Sum("size"))["total"] or 0
    if held + size > limit:
        raise TooLarge(
            _("You have used up your space: the files that you added to all GPTs may have %(size)s.")
            % {"size": formats.file_size(limit)},
            code="person_full",
            field="file",
            data={"limit": limit, "used": held},
        )


def _count_personal_files(by: User, *, since: datetime) -> int:
    with _all_workspaces_scope(by):
        return KnowledgeFile.objects.filter(uploaded_by=by, created_at__gt=since).count()


@contextmanager
def _all_workspaces_scope(by: User) -> Iterator[None]:
    """Let the block count the person's files in all of their workspaces, also with an API key of one."""
    scope = current_scope()
    everywhere = {found.workspace_id for found in get_user_roles(by).memberships}
    if scope.system or everywhere <= set(scope.workspace_ids):
        yield
        return
    with open_scope(replace(scope, workspace_ids=(*scope.workspace_ids, *sorted(everywhere)))):
        yield


def _build_too_large_error(limit: int) -> TooLarge:
    return TooLarge(
        _("This file is too big: at most %(megabytes)d MB fit. Split it and add the parts.")
        % {"megabytes": max(limit // (1024 * 1024), 1)},
        code="file_too_large",
        field="file",
        data={"limit": limit},
    )


def request_reading(document: Document, *, again: bool = False) -> None:
    """Enqueue a waiting document for reading after commit; ``again`` restarts a failed one.

    But not one that timed out MAX_TIMEOUTS times, which stays failed.
    """
    if again and document.may_be_read_again:
        document.state, document.failure, document.attempts = FileState.WAITING, "", 0
        document.progress, document.stage, document.retry_at = 0, ReadingStage.NONE, None
        document.save(update_fields=["state", "failure", "attempts", "progress", "stage", "retry_at"])
    if document.state == FileState.WAITING:
        enqueue_on_commit("gpts.read_files")


def erase_unused_document(document_id: int | None) -> bool:
    """Erase a document with passages, index, vectors and bytes, unless a file still uses it.

    Returns whether it was erased. The bytes are deleted after commit, or after a crash by sweep_leftovers.
    """
    if document_id is None:
        return False
    document = Document.objects.select_for_update().filter(pk=document_id).first()
    if document is None or KnowledgeFile.objects.filter(document=document).exists():
        return False
    key = document.storage_key
    remove_from_index(document)
    Passage.objects.filter(document=document).delete()
    document.delete()
    transaction.on_commit(lambda: default_storage.delete(key), robust=True)
    return True


def report_dangerous_document(document: Document, code: str, at: datetime) -> None:
    """Notify the owners of a document's files and write audit events; delete malware's bytes after commit."""
    if code == "malware":
        key = document.storage_key
        transaction.on_commit(lambda: default_storage.delete(key), robust=True)
    for file in KnowledgeFile.objects.filter(document=document).select_related("gpt__owner"):
        with translation.override(file.gpt.owner.language or "en"):
            notify(
                user=file.gpt.owner,
                kind="knowledge_refused",
                title=gettext("“%(file)s” was refused") % {"file": file.name[:80]},
                body=describe_failure(code),
                url=reverse("gpts:build-knowledge", args=[file.gpt.slug]),
                at=at,
            )
        record(
            action="gpts.file_refused",
            by=None,
            at=at,
            subject=file,
            workspace_id=file.workspace_id,
            reason=code,
            data={"gpt_id": file.gpt_id, "content_hash": document.content_hash},
        )


def sweep_documents(*, at: datetime) -> int:
    """Wake the workers when documents wait too long or their worker died; returns how many do. Idempotent."""
    unread = list_unread_documents(
        at=at,
        waiting_before=at - timedelta(seconds=WAIT_SECONDS),
        heartbeat_before=at - timedelta(seconds=SILENCE_SECONDS),
    )
    found = unread.count()
    for _slot in range(min(found, settings.FILES_CONCURRENCY)):
        enqueue_on_commit("gpts.read_files")
    return found


def sweep_leftovers(*, at: datetime) -> int:
    """Erase documents without a file and stored bytes without a document; returns how many. Idempotent."""
    before = at - timedelta(hours=LEFTOVER_HOURS)
    unused = Document.objects.filter(files__isnull=True, created_at__lt=before).values_list("pk", flat=True)
    erased = sum(erase_unused_document(identifier) for identifier in list(unused[:500]))
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
            if key not in known and default_storage.get_modified_time(key) < before:
                default_storage.delete(key)
                erased += 1
    return erased
