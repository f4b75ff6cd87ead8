"""OLE compound files: the container of old Office files and Outlook messages."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import olefile

from gpts.knowledge.extraction.types import Source, UnreadableError

_ENCRYPTED = ("EncryptedPackage", "EncryptionInfo", "EncryptedSummary")
_MACROS = frozenset({"vba", "_vba_project", "_vba_project_cur", "macros"})
# Streams of a file; one of an old Office program has a few dozen.
ENTRIES = 20_000


@contextmanager
def open_compound(source: Source) -> Iterator[olefile.OleFileIO]:
    """Open a compound file; UnreadableError (malformed, encrypted, macros) for one that is not read."""
    logging.disable(logging.CRITICAL)
    try:
        with olefile.OleFileIO(str(source.path), raise_defects=olefile.DEFECT_INCORRECT) as file:
            _check_streams(file)
            yield file
    except (OSError, ValueError, IndexError, struct.error, AttributeError, TypeError):
        raise UnreadableError("malformed") from None


def _check_streams(file: olefile.OleFileIO) -> None:
    entries = file.listdir(streams=True, storages=True)
    if len(entries) > ENTRIES:
        raise UnreadableError("bomb")
    if any(entry[-1] in _ENCRYPTED for entry in entries):
        raise UnreadableError("encrypted")
    if any(part.lower() in _MACROS for entry in entries for part in entry):
        raise UnreadableError("macros")


def read_stream(file: olefile.OleFileIO, *path: str) -> bytes:
    """Return the bytes of a stream; UnreadableError (malformed) if it is missing."""
    if not file.exists(list(path)):
        raise UnreadableError("malformed")
    with file.openstream(list(path)) as stream:
        data: bytes = stream.read()
    return data
