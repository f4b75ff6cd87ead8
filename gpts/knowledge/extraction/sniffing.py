"""The type of a document by its name's extension, which its first bytes must not contradict. Pure.

Pictures are recognised in ``gpts.llm.runtime.images``, by their bytes alone; here they are one of many kinds
of binary file to refuse.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from gpts.knowledge.extraction.types import UnreadableError

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
EPUB = "application/epub+zip"
CODE = "text/x-code"

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".rst": "text/plain",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".pdf": PDF,
    ".docx": DOCX,
    ".xlsx": XLSX,
    ".pptx": PPTX,
    ".epub": EPUB,
    **dict.fromkeys(
        (
            ".py", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".java", ".kt", ".c", ".h", ".cc", ".cpp", ".hpp",
            ".cs", ".go", ".rs", ".rb", ".php", ".swift", ".scala", ".r", ".lua", ".pl", ".sh", ".ps1",
            ".sql", ".css", ".scss", ".vue", ".svelte", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".xml",
            ".tex", ".proto", ".graphql", ".tf", ".dart", ".ex", ".exs", ".hs", ".jl", ".m",
        ),
        CODE,
    ),
}  # fmt: skip
ZIPPED = frozenset({DOCX, XLSX, PPTX, EPUB})
HEAD_BYTES = 8_192

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
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def get_media_type(name: str) -> str:
    """Return the media type by the extension; UnreadableError (unknown_type) for an unsupported one."""
    try:
        return MEDIA_TYPES[PurePosixPath(name.lower()).suffix]
    except KeyError:
        raise UnreadableError("unknown_type") from None


def check_head(media_type: str, head: bytes) -> None:
    """Raise UnreadableError if a file's first bytes contradict its media type.

    Codes: empty, binary, encrypted (an Office file with a password), malformed, malware.
    """
    if not head:
        raise UnreadableError("empty")
    if head.startswith(TEST_VIRUS) and len(head) <= TEST_VIRUS_BYTES:
        raise UnreadableError("malware")
    if media_type == PDF:
        # Downloads of some systems have headers of theirs before it.
        if b"%PDF-" not in head:
            raise UnreadableError("malformed")
        return
    if media_type in ZIPPED:
        if head.startswith(_COMPOUND):
            raise UnreadableError("encrypted")
        if not head.startswith(_ZIP):
            raise UnreadableError("malformed")
        return
    if head.startswith(_WIDE_MARKS):
        return
    if b"%PDF-" in head[:16] or head.startswith((*_ZIP, *_BINARY, _COMPOUND)) or b"\x00" in head:
        raise UnreadableError("binary")
