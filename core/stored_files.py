"""Large files of the object store, read and written in pieces.

The files of an S3 storage copy a whole object to the disk before its first byte is read, and send parts of
5 MiB, of which there may be 10,000.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import structlog
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # no stubs
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.connections import release_connection

log = structlog.get_logger(__name__)

# Of an upload to S3, so that a file can have 625 GiB; one part is in memory.
PART = 64 * 1024 * 1024


class Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...


def read_range(key: str, start: int, length: int) -> bytes:
    """Return ``length`` bytes from ``start`` on, less only at the end of the file.

    Raises FileNotFoundError. Not inside a transaction: the store may be slow.
    """
    release_connection("object store")
    stored = _find_object(key)
    if stored is None:
        with default_storage.open(key) as file:
            file.seek(start)
            return file.read(length)
    try:
        return stored.get(Range=f"bytes={start}-{start + length - 1}")["Body"].read()
    except stored.meta.client.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError(key) from error
        if code in ("InvalidRange", "416"):
            return b""
        raise


def try_to_delete(key: str) -> bool:
    """Delete a file, gone or not; return whether that worked. For callers that try again later."""
    try:
        default_storage.delete(key)
    except (OSError, BotoCoreError, ClientError) as error:
        log.warning("file_not_deleted", key=key, error=type(error).__name__)
        return False
    return True


@contextmanager
def write_file(key: str) -> Iterator[Writer]:
    """Write a new file; when the block raises, nothing is left of it. FileExistsError when there is one."""
    stored = _find_object(key)
    if stored is not None:
        parts = _Parts(stored)
        try:
            yield parts
            parts.complete()
        except BaseException:
            parts.abort()
            raise
        return
    # Makes the folder where the store has folders.
    made = default_storage.save(key, ContentFile(b""))
    try:
        if made != key:
            raise FileExistsError(key)
        with default_storage.open(made, "wb") as file:
            yield file
    except BaseException:
        default_storage.delete(made)
        raise


class _Parts:
    """An upload to S3 in parts."""

    def __init__(self, stored: Any) -> None:
        options = dict(default_storage.get_object_parameters(stored.key))  # type: ignore[attr-defined]
        if acl := default_storage.default_acl:  # type: ignore[attr-defined]
            options.setdefault("ACL", acl)
        self.upload = stored.initiate_multipart_upload(**options)
        self.buffer = bytearray()
        self.sent: list[dict[str, Any]] = []

    def write(self, data: bytes, /) -> int:
        self.buffer += data
        while len(self.buffer) >= PART:
            self._send(PART)
        return len(data)

    def complete(self) -> None:
        if self.buffer or not self.sent:
            self._send(len(self.buffer))
        self.upload.complete(MultipartUpload={"Parts": self.sent})

    def abort(self) -> None:
        """Remove the parts, which a store keeps, and bills, for ever otherwise."""
        self.upload.abort()

    def _send(self, size: int) -> None:
        number = len(self.sent) + 1
        with memoryview(self.buffer) as view:
            body = bytes(view[:size])
        release_connection("object store")
        answer = self.upload.Part(number).upload(Body=body)
        del self.buffer[:size]
        self.sent.append({"ETag": answer["ETag"], "PartNumber": number})


def _find_object(key: str) -> Any:
    """Return the object of an S3 storage, None for any other storage."""
    bucket = getattr(default_storage, "bucket", None)
    return None if bucket is None else bucket.Object(key)
