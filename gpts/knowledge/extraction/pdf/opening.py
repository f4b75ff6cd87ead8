"""Opening a PDF, also one with other bytes before it or without its end, as broken downloads leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium

from gpts.knowledge.extraction.types import UnreadableError

# FPDF_ERR_PASSWORD of PDFium.
_PASSWORD = 4
_MARK = b"%PDF-"
# What is searched for the beginning, and the largest file that is repaired: it is copied in memory.
SEARCHED_BYTES = 1_000_000
REPAIRED_BYTES = 200_000_000
REPAIRED_PAGES = 20_000
# The beginnings of objects, and the types of those that are looked for.
_TOKEN = re.compile(
    rb"(?<![0-9])([0-9]{1,9})[ \r\n\t]{1,4}([0-9]{1,5})[ \r\n\t]{1,4}obj\b"
    rb"|/Type[ \r\n\t]{0,4}/(Catalog|Page)\b"
)


def open_pdf(path: Path) -> tuple[pdfium.PdfDocument, bool]:
    """Return the document and whether it had to be repaired; UnreadableError (encrypted, malformed)."""
    try:
        return pdfium.PdfDocument(path), False
    except pdfium.PdfiumError as problem:
        _check_locked(problem)
    for data in _iter_repaired(path):
        try:
            document = pdfium.PdfDocument(data)
            if len(document):
                return document, True
        except pdfium.PdfiumError as problem:
            _check_locked(problem)
    raise UnreadableError("malformed")


def _check_locked(problem: pdfium.PdfiumError) -> None:
    if getattr(problem, "err_code", 0) == _PASSWORD or "assword" in str(problem):
        raise UnreadableError("encrypted") from None


def _iter_repaired(path: Path) -> Iterator[bytes]:
    """Yield the file from its mark on: as it is, with an end for its catalog, with a new catalog."""
    if path.stat().st_size > REPAIRED_BYTES:
        return
    data = path.read_bytes()
    start = data.find(_MARK, 0, SEARCHED_BYTES)
    if start < 0:
        return
    data = data[start:]
    if start:
        yield data
    found = _find_objects(data)
    if found.catalog is not None:
        yield data + _write_end(found.catalog)
    if found.pages:
        yield data + _build_page_tree(found) + _write_end((found.largest + 2, 0))


@dataclass
class _Objects:
    """Objects as (number, generation): the last catalog, and the pages in their order in the file."""

    catalog: tuple[int, int] | None = None
    pages: dict[tuple[int, int], None] = field(default_factory=dict)
    largest: int = 0


def _find_objects(data: bytes) -> _Objects:
    found = _Objects()
    current: tuple[int, int] | None = None
    for match in _TOKEN.finditer(data):
        if match[3] is None:
            current = (int(match[1]), int(match[2]))
            found.largest = max(found.largest, current[0])
        elif current is not None and match[3] == b"Catalog":
            found.catalog = current
        elif current is not None and len(found.pages) < REPAIRED_PAGES:
            found.pages.setdefault(current)
    return found


def _write_end(catalog: tuple[int, int]) -> bytes:
    return b"\ntrailer\n<< /Root %d %d R >>\nstartxref\n0\n%%%%EOF\n" % catalog


def _build_page_tree(found: _Objects) -> bytes:
    """Return a tree of all pages that stand in the file, and a catalog with the number after it."""
    number = found.largest + 1
    kids = b" ".join(b"%d %d R" % page for page in found.pages)
    tree = b"\n%d 0 obj\n<< /Type /Pages /Kids [%s] /Count %d >>\nendobj\n" % (
        number,
        kids,
        len(found.pages),
    )
    root = b"%d 0 obj\n<< /Type /Catalog /Pages %d 0 R >>\nendobj\n" % (number + 1, number)
    return tree + root
