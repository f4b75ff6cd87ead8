"""Opening a PDF, also one with other bytes before it or without its end, as broken downloads leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
_OBJECT = re.compile(rb"(?<![0-9])([0-9]{1,9})[ \r\n\t]{1,4}([0-9]{1,5})[ \r\n\t]{1,4}obj\b")
_CATALOG = re.compile(rb"/Type[ \r\n\t]{0,4}/Catalog\b")
_PAGE = re.compile(rb"/Type[ \r\n\t]{0,4}/Page\b")
# Bytes between the beginning of an object and its type.
_HEAD_BYTES = 4_000


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
    catalogs = [*_CATALOG.finditer(data)]
    catalog = _find_object(data, catalogs[-1].start()) if catalogs else None
    if catalog is not None:
        yield data + _write_end(catalog)
    catalog, added = _build_page_tree(data)
    if catalog is not None:
        yield data + added + _write_end(catalog)


def _write_end(catalog: tuple[int, int]) -> bytes:
    return b"\ntrailer\n<< /Root %d %d R >>\nstartxref\n0\n%%%%EOF\n" % catalog


def _find_object(data: bytes, place: int) -> tuple[int, int] | None:
    """Return number and generation of the object around a place."""
    found = None
    for match in _OBJECT.finditer(data, max(place - _HEAD_BYTES, 0), place):
        found = match
    return None if found is None else (int(found[1]), int(found[2]))


def _build_page_tree(data: bytes) -> tuple[tuple[int, int] | None, bytes]:
    """Return a new catalog of all pages that stand in the file, and the bytes of the objects it needs."""
    pages: dict[tuple[int, int], None] = {}
    for match in _PAGE.finditer(data):
        found = _find_object(data, match.start())
        if found is not None and len(pages) < REPAIRED_PAGES:
            pages.setdefault(found)
    if not pages:
        return None, b""
    number = max(int(match[1]) for match in _OBJECT.finditer(data)) + 1
    kids = b" ".join(b"%d %d R" % page for page in pages)
    tree = b"\n%d 0 obj\n<< /Type /Pages /Kids [%s] /Count %d >>\nendobj\n" % (number, kids, len(pages))
    root = b"%d 0 obj\n<< /Type /Catalog /Pages %d 0 R >>\nendobj\n" % (number + 1, number)
    return (number + 1, 0), tree + root
