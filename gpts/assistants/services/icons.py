"""Icons of GPTs: uploaded or generated, re-encoded, stored by the hash of their content."""

from __future__ import annotations

from datetime import datetime

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput, NotFound
from core.icon_uploads import encode_upload, read_stored, read_upload, store_encoded
from gpts.assistants.drawn_icons import VARIANTS, draw_icon_webp
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import lock_gpt
from workspaces.models import User

FOLDER = "icons"


@transaction.atomic
def set_icon(*, gpt: GPT, upload: UploadedFile | None, by: User, at: datetime) -> GPT:
    """Set the draft's icon to ``upload``; None removes it.

    Stores ``icons/<sha256>.webp`` and increments the draft's revision. Raises InvalidInput (not a PNG, JPEG,
    WebP or GIF), TooLarge or RateLimited, all with field ``icon``, and writes nothing then.
    """
    # Before the lock, which others would wait for.
    key = "" if upload is None else store_icon(read_upload(upload, field="icon"))
    return _save_icon(lock_gpt(gpt), key, by=by, at=at)


@transaction.atomic
def set_drawn_icon(*, gpt: GPT, variant: int, by: User, at: datetime) -> GPT:
    """Set the draft's icon to the one generated from its name as ``variant`` (1 to 8); 0 removes it."""
    fresh = lock_gpt(gpt)
    if not 0 <= variant <= VARIANTS:
        raise InvalidInput(_("Choose one of the drawn icons."), code="unknown_choice", field="icon")
    key = _store_encoded(draw_icon_webp(fresh.name, variant)) if variant else ""
    return _save_icon(fresh, key, by=by, at=at)


@transaction.atomic
def set_stored_icon(*, gpt: GPT, key: str, by: User, at: datetime) -> GPT:
    """Set the draft's icon to one that it had before. Raises NotFound when the file is gone.

    ``key`` must come from the database, never from a request.
    """
    fresh = lock_gpt(gpt)
    if key and not default_storage.exists(key):
        raise NotFound(_("There is no such picture."), code="icon_not_found")
    return _save_icon(fresh, key, by=by, at=at)


def _save_icon(fresh: GPT, key: str, *, by: User, at: datetime) -> GPT:
    if key == fresh.icon:
        return fresh
    fresh.icon = key
    fresh.draft_revision += 1
    fresh.updated_at = at
    fresh.save(update_fields=["icon", "draft_revision", "updated_at"])
    record(
        action="gpts.icon_set",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.workspace_id,
        data={"icon": key},
    )
    return fresh


def store_icon(data: bytes) -> str:
    """Re-encode a picture to 256 x 256 WebP without metadata and return its storage key."""
    return _store_encoded(encode_upload(data, field="icon"))


def _store_encoded(encoded: bytes) -> str:
    return store_encoded(encoded, folder=FOLDER)


def read_icon(digest: str) -> bytes:
    """Return the stored WebP of a hash; NotFound for anything else."""
    return read_stored(digest, folder=FOLDER)
