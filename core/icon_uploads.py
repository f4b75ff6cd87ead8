"""Uploaded icons and logos: read within limits, re-encoded, stored by the hash of their content."""

from __future__ import annotations

import hashlib
import re

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput, NotFound, RateLimited, TooLarge
from core.pictures import BadPictureError, encode_icon

ICON_BYTES = 5 * 1024 * 1024
ICON_SIDE = 256
_HASH = re.compile(r"[0-9a-f]{64}")


def read_upload(upload: UploadedFile, *, field: str) -> bytes:
    """Return the bytes of an upload; TooLarge above ICON_BYTES, without reading more than that."""
    if upload.size is not None and upload.size > ICON_BYTES:
        raise _too_large_error(field)
    data = upload.read(ICON_BYTES + 1)
    if len(data) > ICON_BYTES:
        raise _too_large_error(field)
    return data


def encode_upload(data: bytes, *, field: str) -> bytes:
    """Return a picture as 256 x 256 WebP without metadata.

    Raises InvalidInput (not a PNG, JPEG, WebP or GIF), TooLarge or RateLimited, all naming ``field``.
    """
    try:
        return encode_icon(data, side=ICON_SIDE)
    except BadPictureError as problem:
        if problem.code == "busy":
            raise RateLimited(
                _("Many pictures are being added just now. Try again in a moment."),
                code="pictures_busy",
                field=field,
                data={"retry_after": 5},
            ) from problem
        if problem.code == "too_many_pixels":
            raise _too_large_error(field) from problem
        raise InvalidInput(
            _("This is not a picture that can be read. Use PNG, JPEG, WebP or GIF."),
            code="bad_icon",
            field=field,
        ) from problem


def store_encoded(encoded: bytes, *, folder: str) -> str:
    """Store an encoded icon as ``<folder>/<sha256>.webp`` and return this key."""
    key = f"{folder}/{hashlib.sha256(encoded).hexdigest()}.webp"
    if not default_storage.exists(key):
        stored = default_storage.save(key, ContentFile(encoded))
        if stored != key:  # another request stored the same bytes in between
            default_storage.delete(stored)
    return key


def read_stored(digest: str, *, folder: str) -> bytes:
    """Return the stored WebP of a hash; NotFound for anything else."""
    key = f"{folder}/{digest}.webp"
    if not _HASH.fullmatch(digest) or not default_storage.exists(key):
        raise NotFound(_("There is no such picture."), code="icon_not_found")
    with default_storage.open(key) as stored:
        return stored.read()


def _too_large_error(field: str) -> TooLarge:
    return TooLarge(
        _("This picture is too big. Up to 5 MB and 40 megapixels fit."), code="icon_too_large", field=field
    )
