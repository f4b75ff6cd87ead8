"""Uploaded and generated pictures: decoded and encoded again in a child process, a few at a time.

The only way to decode a picture. The child (``core.picture_process``) reads the size before it decodes, has a
limit of memory and time, and drops metadata and whatever follows the picture's data.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core.limited_process import ENVIRONMENT, ROOT, build_command

MAX_PIXELS = 40_000_000
# Models see no more, and larger pictures cost more.
MAX_SIDE = 2048
# Pictures decoded at the same time by this installation, each in up to MEMORY_BYTES of core.picture_process.
AT_ONCE = 2
# More than this many of one process wait no longer: each holds a connection to the database.
MAX_WAITING = 6
WAIT_SECONDS = 20.0
# By the clock; the CPU time of the child is limited below this.
CHILD_SECONDS = 60.0
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
_places = threading.BoundedSemaphore(MAX_WAITING)


class BadPictureError(Exception):
    """``code``: too_many_pixels, unreadable, or busy when too many pictures wait."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Picture:
    media_type: str
    data: bytes


def detect_format(data: bytes) -> str:
    """Return the format by the first bytes: PNG, JPEG, GIF or WEBP; empty for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for signature, name in _SIGNATURES if data.startswith(signature)), "")


def reencode_picture(data: bytes) -> Picture:
    """Return a new picture of at most MAX_SIDE pixels a side: JPEG, or PNG when some of it is transparent.

    Raises BadPictureError.
    """
    return _decode("picture", data)


def encode_icon(data: bytes, *, side: int) -> bytes:
    """Return the middle of a picture as a square WebP of ``side`` pixels. Raises BadPictureError."""
    return _decode(f"icon:{side}", data).data


def _decode(work: str, data: bytes) -> Picture:
    kind = detect_format(data)
    if not kind:
        raise BadPictureError("unreadable")
    if not _places.acquire(blocking=False):
        raise BadPictureError("busy")
    try:
        with _hold_slot():
            return _run_child(work, kind, data)
    finally:
        _places.release()


@contextmanager
def _hold_slot() -> Iterator[None]:
    """Hold one of the AT_ONCE slots, by a lock that the kernel releases when the process dies."""
    folder = _make_slot_folder()
    ends_at = time.monotonic() + WAIT_SECONDS
    while True:
        for number in range(AT_ONCE):
            with (folder / str(number)).open("w") as slot, suppress(BlockingIOError):
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield
                return
        if time.monotonic() > ends_at:
            raise BadPictureError("busy")
        time.sleep(0.02)


def _make_slot_folder() -> Path:
    """Return a folder for the locks of all processes with this data directory, which may be read-only."""
    digest = hashlib.sha256(os.fsencode(settings.DATA_DIR)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"loggia-pictures-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        # Opening a slot would empty the file that somebody else's link names.
        raise PermissionError(f"{folder} belongs to another account of this machine: remove it.")
    return folder


def _run_child(work: str, kind: str, data: bytes) -> Picture:
    try:
        done = subprocess.run(
            build_command("core.picture_process", work, kind),
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=ENVIRONMENT,
            close_fds=True,
            timeout=CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadPictureError("unreadable") from error
    head, _line, body = done.stdout.partition(b"\n")
    media_type = head.decode("ascii", "replace")
    if done.returncode or not body:
        # It ended by its limits, or wrote the reason.
        raise BadPictureError("too_many_pixels" if media_type == "too_many_pixels" else "unreadable")
    return Picture(media_type, body)
