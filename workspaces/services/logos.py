"""Logos of workspaces: a small picture under the hash of its content."""

from __future__ import annotations

from datetime import datetime

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.audit import record
from core.icon_uploads import encode_upload, read_stored, read_upload, store_encoded
from workspaces.models import User, Workspace

FOLDER = "logos"


def set_logo(*, workspace: Workspace, upload: UploadedFile | None, by: User, at: datetime) -> Workspace:
    """Set the logo to ``upload``; None removes it. Audited.

    Stores ``logos/<sha256>.webp``. Raises InvalidInput (not a PNG, JPEG, WebP or GIF), TooLarge or
    RateLimited, all with field ``logo``, and writes nothing then.
    """
    key = ""
    if upload is not None:
        encoded = encode_upload(read_upload(upload, field="logo"), field="logo")
        key = store_encoded(encoded, folder=FOLDER)
    before = workspace.logo
    if key == before:
        return workspace
    with transaction.atomic():
        workspace.logo = key
        workspace.save(update_fields=["logo"])
        record(
            action="workspaces.workspace_changed",
            by=by,
            at=at,
            subject=workspace,
            workspace_id=workspace.pk,
            data={"fields": ["logo"]},
            changes={"logo": (bool(before), bool(key))},
        )
    return workspace


def read_logo(digest: str) -> bytes:
    """Return the stored WebP of a hash; NotFound for anything else."""
    return read_stored(digest, folder=FOLDER)


def erase_logo(key: str) -> None:
    """Delete a stored logo after the commit unless another workspace has the same picture.

    Needs a scope that sees every workspace.
    """
    if key and not Workspace.objects.filter(logo=key).exists():
        transaction.on_commit(lambda: default_storage.delete(key), robust=True)
