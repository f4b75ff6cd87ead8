"""Knowledge files of a draft: taken in, read into passages, taken out."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput, TooLarge
from core.text import clean_line
from gpts.extraction import UnreadableError, extract, media_type_of
from gpts.models import GPT, KnowledgeFile, Passage, Version
from gpts.passages import split
from gpts.queries import inside_workspace_of
from gpts.retrieval import search_vector
from gpts.services.gpts import lock_gpt
from gpts.states import FileState

FILE_COUNT = 20
FILE_NAME_LENGTH = 255
PASSAGE_COUNT = 20_000
BATCH = 500

FAILURES = {
    "unknown_type": _("Files of this type cannot be read. Use TXT, MD, CSV, JSON or HTML."),
    "binary": _("This is not a text file, whatever its name says."),
    "encoding": _("The letters of this file cannot be told. Save it as UTF-8 and add it again."),
    "malformed": _("This file is damaged: its structure cannot be read."),
    "empty": _("There is no text in this file."),
}


@transaction.atomic
def add_knowledge_file(*, gpt: GPT, upload: UploadedFile, by: Any, at: datetime) -> KnowledgeFile:
    """Take a text file into the draft and read it into passages, in one transaction.

    The same content again returns the file that is there. Writes the stored bytes, the rows and an audit
    event, and raises the draft's revision. Raises TooLarge (over KNOWLEDGE_FILE_BYTES or FILE_COUNT) or
    InvalidInput (not readable), both with field ``file``; nothing is kept then.
    """
    fresh = lock_gpt(gpt)
    name = clean_file_name(upload.name or "")
    data = _read(upload)
    digest = hashlib.sha256(data).hexdigest()
    with inside_workspace_of(fresh):
        same = KnowledgeFile.objects.filter(gpt=fresh, content_hash=digest).first()
        if same is not None and same.removed_at is None:
            return same
        _check_room(fresh)
        file = _take_back(same) if same is not None else _take_in(fresh, name, data, digest, by=by, at=at)
    _draft_changed(fresh, at)
    _record("gpts.file_added", file, by=by, at=at)
    return file


@transaction.atomic
def remove_knowledge_file(*, file: KnowledgeFile, by: Any, at: datetime) -> None:
    """Take a file out of the draft. It is erased, passages and bytes, unless a frozen version answers
    from it: then it stays for that version alone. Removing it twice changes nothing.
    """
    fresh = lock_gpt(file.gpt)
    with inside_workspace_of(fresh):
        row = KnowledgeFile.objects.select_for_update().filter(pk=file.pk, removed_at__isnull=True).first()
        if row is None:
            return
        is_frozen = Version.objects.filter(gpt=fresh, knowledge_hashes__contains=[row.content_hash]).exists()
        if is_frozen:
            row.removed_at = at
            row.save(update_fields=["removed_at"])
        else:
            identifier = row.pk
            row.delete()
            row.pk = identifier
            transaction.on_commit(lambda: default_storage.delete(row.storage_key))
    _draft_changed(fresh, at)
    _record("gpts.file_removed", row, by=by, at=at)


def clean_file_name(name: str) -> str:
    """Return the shown name of an upload: its last path part, cleaned; InvalidInput when nothing is left."""
    last = re.split(r"[/\\]", name.replace("\x00", ""))[-1]
    cleaned = clean_line(last[-FILE_NAME_LENGTH:], max_length=FILE_NAME_LENGTH, field="file")
    if cleaned.strip(".") == "":
        raise InvalidInput(_("Give the file a name first."), code="bad_name", field="file")
    return cleaned


def _read(upload: UploadedFile) -> bytes:
    limit = settings.KNOWLEDGE_FILE_BYTES
    data = b"" if upload.size is not None and upload.size > limit else upload.read(limit + 1)
    if len(data) > limit or (upload.size or 0) > limit:
        raise TooLarge(
            _("This file is too big: at most %(megabytes)d MB fit. Split it and add the parts.")
            % {"megabytes": limit // (1024 * 1024)},
            code="file_too_large",
            field="file",
            data={"limit": limit},
        )
    return data


def _check_room(gpt: GPT) -> None:
    if KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=True).count() >= FILE_COUNT:
        raise TooLarge(
            _("A GPT holds at most %(count)d files. Remove one first.") % {"count": FILE_COUNT},
            code="too_many_files",
            field="file",
            data={"limit": FILE_COUNT},
        )


def _take_back(file: KnowledgeFile) -> KnowledgeFile:
    file.removed_at = None
    file.save(update_fields=["removed_at"])
    return file


def _take_in(gpt: GPT, name: str, data: bytes, digest: str, *, by: Any, at: datetime) -> KnowledgeFile:
    try:
        media_type = media_type_of(name)
        pieces = split(extract(name, data))
    except UnreadableError as problem:
        raise InvalidInput(FAILURES[problem.code], code=f"file_{problem.code}", field="file") from problem
    if len(pieces) > PASSAGE_COUNT:
        raise TooLarge(
            _("This file has too much text for one document. Split it and add the parts."),
            code="too_many_passages",
            field="file",
        )
    file = KnowledgeFile.objects.create(
        workspace_id=gpt.workspace_id,
        gpt=gpt,
        name=name,
        media_type=media_type,
        size=len(data),
        content_hash=digest,
        storage_key=_store(gpt, digest, data),
        state=FileState.READY,
        uploaded_by=by,
        created_at=at,
    )
    Passage.objects.bulk_create(
        (
            Passage(
                workspace_id=gpt.workspace_id,
                gpt=gpt,
                file=file,
                position=position,
                heading=piece.heading,
                text=piece.text,
                search=search_vector(piece.heading, piece.text),
            )
            for position, piece in enumerate(pieces)
        ),
        batch_size=BATCH,
    )
    return file


def _store(gpt: GPT, digest: str, data: bytes) -> str:
    """Keep the bytes under a key of our own making; the name of the upload is never part of a path."""
    key = f"knowledge/{gpt.workspace_id}/{gpt.pk}/{digest}"
    return key if default_storage.exists(key) else default_storage.save(key, ContentFile(data))


def _draft_changed(gpt: GPT, at: datetime) -> None:
    gpt.draft_revision += 1
    gpt.updated_at = at
    gpt.save(update_fields=["draft_revision", "updated_at"])


def _record(action: str, file: KnowledgeFile, *, by: Any, at: datetime) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=file,
        workspace_id=file.workspace_id,
        data={"gpt_id": file.gpt_id, "content_hash": file.content_hash, "size": file.size},
    )
