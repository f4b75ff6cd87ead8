"""Knowledge files of a draft: adding, replacing, renaming, dating, removing, deleting everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import date, datetime
from typing import Any

from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import compare, record
from core.dates import check_date
from core.errors import Conflict, InvalidInput, TooLarge
from core.text import clean_line
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.services.gpts import lock_gpt
from gpts.knowledge.failure_messages import describe_failure
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.services.documents import (
    StoredUpload,
    discard_upload,
    erase_unused_document,
    get_or_create_document,
    request_reading,
    store_upload,
)
from gpts.knowledge.services.reading import read_document
from gpts.knowledge.states import FileState
from workspaces.models import User

FILE_COUNT = 20
FILE_NAME_LENGTH = 255
UNSET: Any = object()


def upload_knowledge_file(
    *,
    gpt: GPT,
    upload: File[Any],
    by: User,
    at: datetime,
    name: str | None = None,
    source_url: str = "",
) -> KnowledgeFile:
    """Add a file to the draft; a worker reads it after commit.

    If the draft has the same content, returns that file with ``is_already_there`` set; content that the
    workspace has already read is ready at once. Stores the bytes, writes the rows and an audit event,
    increments the draft's revision. Raises what store_upload raises, and TooLarge (``too_many_files``);
    nothing is kept then.
    """
    shown_name = clean_file_name(upload.name or "" if name is None else name)
    with gpt_workspace_scope(gpt):
        check_file_count(gpt)
        stored = store_upload(workspace_id=gpt.workspace_id, name=shown_name, upload=upload, by=by, at=at)
        try:
            with transaction.atomic():
                fresh = lock_gpt(gpt)
                check_file_count(fresh)
                document = get_or_create_document(
                    workspace_id=fresh.workspace_id, stored=stored, upload=upload, at=at
                )
                file, is_changed = _get_or_create_file(fresh, document, shown_name, source_url, by=by, at=at)
                file.is_already_there = not is_changed
                request_reading(document, again=True)
                if is_changed:
                    bump_draft_revision(fresh, at)
                    _record("gpts.file_added", file, by=by, at=at)
        except BaseException:
            discard_upload(stored)
            raise
    return file


def add_knowledge_file(*, gpt: GPT, upload: UploadedFile, by: User, at: datetime) -> KnowledgeFile:
    """Add a file and read it in this process, for commands, imports and the demo; see upload_knowledge_file.

    Raises InvalidInput (``file_…``) for what cannot be read; nothing is kept then.
    """
    with transaction.atomic(), gpt_workspace_scope(gpt):
        file = upload_knowledge_file(gpt=gpt, upload=upload, by=by, at=at)
        document = file.document
        if document is None or document.state == FileState.READY:
            return file
        read_document(document_id=document.pk, step=nullcontext, clock=lambda: at)
        document.refresh_from_db()
        if document.state != FileState.FAILED:
            return file
        fresh = lock_gpt(gpt)
        file.delete()
        fresh.draft_revision -= 1
        fresh.save(update_fields=["draft_revision"])
        _record("gpts.file_removed", file, by=by, at=at)
        erase_unused_document(document.pk)
        code = document.failure
    raise InvalidInput(describe_failure(code), code=f"file_{code}", field="file")


def replace_file(
    *, file: KnowledgeFile, upload: File[Any], by: User, at: datetime, source_url: str = ""
) -> KnowledgeFile:
    """Replace a file's content under its name; returns the file with the new content, often a new row.

    Frozen versions keep the old content. The media type may change with the upload's name. Raises what
    store_upload raises, and Conflict (``file_twice``) when another file of the draft has the same content;
    nothing changes then.
    """
    sent = clean_file_name(upload.name or file.name)
    with gpt_workspace_scope(file.gpt):
        stored = store_upload(workspace_id=file.workspace_id, name=sent, upload=upload, by=by, at=at)
        try:
            with transaction.atomic():
                return _replace(file, stored, upload, sent, source_url, by=by, at=at)
        except BaseException:
            discard_upload(stored)
            raise


def _replace(
    file: KnowledgeFile,
    stored: StoredUpload,
    upload: File[Any],
    sent: str,
    source_url: str,
    *,
    by: User,
    at: datetime,
) -> KnowledgeFile:
    fresh = lock_gpt(file.gpt)
    old = _lock_file(file)
    document = get_or_create_document(workspace_id=fresh.workspace_id, stored=stored, upload=upload, at=at)
    request_reading(document, again=True)
    if document.pk == old.document_id:
        old.fetched_at = at if old.source_url else None
        old.save(update_fields=["fetched_at"])
        return old
    if fresh.knowledge_files.filter(content_hash=document.content_hash, removed_at__isnull=True).exists():
        raise Conflict(_("Another file of this GPT has the same content."), code="file_twice", field="file")
    _detach_file(fresh, old, at)
    # Without source_url: a web page that is replaced by an upload is no web page any more.
    new, _is_changed = _get_or_create_file(
        fresh, document, _replace_extension(old.name, sent), source_url, by=by, at=at
    )
    new.review_on = old.review_on
    new.save(update_fields=["review_on"])
    bump_draft_revision(fresh, at)
    _record("gpts.file_replaced", new, by=by, at=at)
    return new


@transaction.atomic
def update_file(
    *, file: KnowledgeFile, by: User, at: datetime, name: str = UNSET, review_on: date | None = UNSET
) -> KnowledgeFile:
    """Rename a file or set the date from which it counts as stale; what is UNSET stays.

    Raises InvalidInput with field ``name`` or ``review_on``.
    """
    fresh = lock_gpt(file.gpt)
    with gpt_workspace_scope(fresh):
        row = _lock_file(file)
        changed: list[str] = []
        before = row.review_on
        if name is not UNSET:
            cleaned = clean_file_name(name, field="name")
            if cleaned != row.name:
                row.name = cleaned
                changed.append("name")
        if review_on is not UNSET and review_on is not None:
            check_date(review_on, field="review_on")
        if review_on is not UNSET and review_on != row.review_on:
            row.review_on, row.review_noted_on = review_on, None
            changed += ["review_on", "review_noted_on"]
        if changed:
            row.save(update_fields=changed)
            _record(
                "gpts.file_changed",
                row,
                by=by,
                at=at,
                fields=[field for field in changed if field != "review_noted_on"],
                changes=compare({"review_on": before}, {"review_on": row.review_on}, ("review_on",)),
            )
    return row


@transaction.atomic
def retry_file(*, file: KnowledgeFile, by: User, at: datetime) -> None:
    """Enqueue a file that failed for reading again. Does nothing in any other state.

    Raises Conflict (``file_too_slow``) for a file that took too long twice.
    """
    with gpt_workspace_scope(file.gpt):
        document = Document.objects.select_for_update().filter(pk=file.document_id or 0).first()
        if document is not None and document.state == FileState.FAILED:
            if not document.may_be_read_again:
                raise Conflict(
                    _("Reading this file took too long twice. Split it and add the parts."),
                    code="file_too_slow",
                    field="file",
                )
            request_reading(document, again=True)
            _record("gpts.file_retried", file, by=by, at=at)


@transaction.atomic
def remove_knowledge_file(*, file: KnowledgeFile, by: User, at: datetime) -> None:
    """Remove a file from the draft. Idempotent.

    Its document with passages and bytes is erased unless a frozen version or another GPT needs it.
    """
    fresh = lock_gpt(file.gpt)
    with gpt_workspace_scope(fresh):
        row = KnowledgeFile.objects.select_for_update().filter(pk=file.pk, removed_at__isnull=True).first()
        if row is None:
            return
        _detach_file(fresh, row, at)
        bump_draft_revision(fresh, at)
        _record("gpts.file_removed", row, by=by, at=at)


@transaction.atomic
def erase_file(*, file: KnowledgeFile, confirmation: str, by: User, at: datetime) -> None:
    """Delete a file from the draft and from every version of its GPT, for good.

    The row stays, without a document, so that versions can name what is missing. Bytes, passages and vectors
    are erased unless another GPT has the same content. Raises InvalidInput (``confirmation``) unless
    ``confirmation`` is the file's name.
    """
    if confirmation.strip() != file.name.strip():
        raise InvalidInput(
            _("Type the file's name exactly to delete it everywhere."),
            code="confirmation",
            field="confirmation",
        )
    fresh = lock_gpt(file.gpt)
    with gpt_workspace_scope(fresh):
        row = _lock_file(file)
        document_id = row.document_id
        was_in_draft = row.removed_at is None
        row.document, row.erased_at, row.removed_at = None, at, row.removed_at or at
        row.source_url = ""
        row.save(update_fields=["document", "erased_at", "removed_at", "source_url"])
        erase_unused_document(document_id)
        if was_in_draft:
            bump_draft_revision(fresh, at)
        _record("gpts.file_erased", row, by=by, at=at)


def clean_file_name(name: str, *, field: str = "file") -> str:
    """Return the last path part of an upload's name, cleaned; InvalidInput when nothing is left."""
    last = re.split(r"[/\\]", name.replace("\x00", ""))[-1]
    cleaned = clean_line(last[-FILE_NAME_LENGTH:], max_length=FILE_NAME_LENGTH, field=field)
    if cleaned.strip(". ") == "":
        raise InvalidInput(_("Give the file a name first."), code="bad_name", field=field)
    return cleaned


def bump_draft_revision(gpt: GPT, at: datetime) -> None:
    gpt.draft_revision += 1
    gpt.updated_at = at
    gpt.save(update_fields=["draft_revision", "updated_at"])


def _get_or_create_file(
    gpt: GPT, document: Document, name: str, source_url: str, *, by: User, at: datetime
) -> tuple[KnowledgeFile, bool]:
    """Return the GPT's file for a document, new or restored, and whether that changed the draft."""
    file = KnowledgeFile.objects.filter(gpt=gpt, content_hash=document.content_hash).first()
    if file is not None and file.removed_at is None:
        return file, False
    if file is None:
        file = KnowledgeFile(gpt=gpt, workspace_id=gpt.workspace_id, content_hash=document.content_hash)
    file.name, file.uploaded_by, file.created_at = name, by, at
    file.document, file.removed_at, file.erased_at = document, None, None
    file.source_url, file.fetched_at = source_url, at if source_url else None
    file.save()
    return file, True


def _detach_file(gpt: GPT, file: KnowledgeFile, at: datetime) -> None:
    """Keep the file for versions that were frozen with it; otherwise delete it and its unused document."""
    if Version.objects.filter(gpt=gpt, knowledge_hashes__contains=[file.content_hash]).exists():
        file.removed_at = at
        file.save(update_fields=["removed_at"])
        return
    identifier, document_id = file.pk, file.document_id
    file.delete()
    file.pk = identifier
    erase_unused_document(document_id)


def _lock_file(file: KnowledgeFile) -> KnowledgeFile:
    return KnowledgeFile.objects.select_for_update(of=("self",)).select_related("document").get(pk=file.pk)


def _replace_extension(name: str, sent: str) -> str:
    """Return ``name`` with the extension of ``sent``: "report.docx" replaced by "x.pdf" is "report.pdf"."""
    stem, dot, old = name.rpartition(".")
    new = sent.rpartition(".")[2]
    return name if not dot or old.lower() == new.lower() else f"{stem}.{new}"


def check_file_count(gpt: GPT, *, field: str = "file", more: int = 0) -> None:
    """Raise TooLarge (``too_many_files``) when the draft has FILE_COUNT files, with ``more`` on their way.

    Call it inside the workspace.
    """
    if KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=True).count() + more >= FILE_COUNT:
        raise TooLarge(
            _("A GPT holds at most %(count)d files. Remove one first.") % {"count": FILE_COUNT},
            code="too_many_files",
            field=field,
            data={"limit": FILE_COUNT},
        )


def _record(
    action: str,
    file: KnowledgeFile,
    *,
    by: User,
    at: datetime,
    fields: Sequence[str] = (),
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    data: dict[str, Any] = {"gpt_id": file.gpt_id, "content_hash": file.content_hash}
    record(
        action=action,
        by=by,
        at=at,
        subject=file,
        workspace_id=file.workspace_id,
        data=data | ({"fields": list(fields)} if fields else {}),
        changes=changes,
    )
