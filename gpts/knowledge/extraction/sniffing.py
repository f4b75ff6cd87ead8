"""The type of a document by its name's extension, which its first bytes must not contradict. Pure.

Pictures are recognised in ``gpts.llm.runtime.images``, by their bytes alone; here they are one of many kinds
of binary file to refuse.
"""

from __future__ import annotations

import re

from gpts.knowledge.extraction.charsets.unicode_marks import find_mark, guess_wide_charset
from gpts.knowledge.extraction.kinds import (
    ADVICE,
    COMPOUND,
    DOC,
    DOCX,
    EML,
    HTML,
    PDF,
    PLAIN,
    PPT,
    PPTX,
    RTF,
    XLS,
    XLSX,
    ZIPPED,
    find_media_type,
)
from gpts.knowledge.extraction.types import UnreadableError

HEAD_BYTES = 8_192
# What old Office names stand for today.
_SUCCESSORS = {DOC: DOCX, XLS: XLSX, PPT: PPTX}
_PAGE = re.compile(rb"<(?:!doctype html|html|table|body)\b", re.IGNORECASE)

# OLE compound files: old Office formats, and new ones that are encrypted.
_COMPOUND = b"\xd0\xcf\x11\xe0"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_BINARY = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x7fELF", b"MZ\x90", b"\x1f\x8b", b"RIFF", b"7z\xbc\xaf",
    b"Rar!", b"BZh", b"\xfd7zXZ", b"ID3", b"OggS", b"\x00\x00\x01\x00", b"%!PS", b"{\\rtf",
)  # fmt: skip
# The harmless test file for virus scanners (eicar.org): it begins so and has at most 128 bytes.
TEST_VIRUS = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
TEST_VIRUS_BYTES = 128


def get_media_type(name: str) -> str:
    """Return the media type by a file's name; UnreadableError for one that cannot be read.

    Codes: unknown_type, and those of ADVICE, which say what to do instead.
    """
    found = find_media_type(name)
    if not found:
        ending = name.lower().rpartition(".")[2]
        raise UnreadableError(ADVICE.get(f".{ending}", "unknown_type"))
    return found


def get_actual_type(media_type: str, head: bytes) -> str:
    """Return the type by which a file is read: programs give old Office names to newer files and texts."""
    if media_type not in COMPOUND or head.startswith(_COMPOUND) or media_type not in _SUCCESSORS:
        return media_type
    if head.startswith(_ZIP):
        return _SUCCESSORS[media_type]
    if head.lstrip().startswith(b"{\\rtf"):
        return RTF
    if b"mime-version:" in head[:1024].lower():
        return EML
    if b"\x00" in head and not find_mark(head):
        return media_type
    if _PAGE.search(head):
        return HTML
    if media_type == XLS:
        return "text/tab-separated-values" if b"\t" in head.partition(b"\n")[0] else "text/csv"
    return PLAIN if media_type == DOC else media_type


def check_head(media_type: str, head: bytes) -> None:
    """Raise UnreadableError if a file's first bytes contradict its media type.

    Codes: empty, binary, encrypted (an Office file with a password), malformed, malware.
    """
    if not head:
        raise UnreadableError("empty")
    if head.startswith(TEST_VIRUS) and len(head) <= TEST_VIRUS_BYTES:
        raise UnreadableError("malware")
    media_type = get_actual_type(media_type, head)
    if media_type == PDF:
        # Downloads of some systems have headers of theirs before it.
        if b"%PDF-" not in head:
            raise UnreadableError("malformed")
        return
    if media_type in COMPOUND:
        if not head.startswith(_COMPOUND):
            raise UnreadableError("malformed")
        return
    if media_type == RTF:
        if b"{\\rtf" not in head[:64]:
            raise UnreadableError("malformed")
        return
    if media_type in ZIPPED:
        if head.startswith(_COMPOUND):
            raise UnreadableError("encrypted")
        if not head.startswith(_ZIP):
            raise UnreadableError("malformed")
        return
    if find_mark(head):
        return
    if b"%PDF-" in head[:16] or head.startswith((*_ZIP, *_BINARY, _COMPOUND)):
        raise UnreadableError("binary")
    if b"\x00" in head and not guess_wide_charset(head):
        raise UnreadableError("binary")
