"""PDF: page by page, headings from the outline, lines joined to paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

import pypdfium2 as pdfium

from gpts.knowledge.extraction.decoding import clean
from gpts.knowledge.extraction.types import Section, Source, UnreadableError, join_headings, shorten_heading

# FPDF_ERR_PASSWORD of PDFium.
_PASSWORD = 4
_SENTENCE_END = re.compile(r"[.!?:。！？：]['\")\]”’]?$")
_BULLET = re.compile(r"^\s*(?:[•▪◦●*-]|\(?\d{1,3}[.)])\s+")
OUTLINE_DEPTH = 6
# PDFium searches the page tree for the page of each.
OUTLINE_MARKS = 10_000


def read(source: Source) -> Iterator[Section]:
    try:
        document = pdfium.PdfDocument(source.path)
    except pdfium.PdfiumError as problem:
        is_locked = getattr(problem, "err_code", 0) == _PASSWORD or "assword" in str(problem)
        raise UnreadableError("encrypted" if is_locked else "malformed") from None
    count = len(document)
    if count > source.limits.pages:
        raise UnreadableError("too_many_pages")
    outline = _read_outline(document)
    path: list[str] = []
    for index in range(count):
        path = outline.get(index, path)
        text = _read_page(document, index)
        paragraphs = tuple(join_lines(text))
        if paragraphs:
            yield Section(join_headings(path), paragraphs, index + 1)
        source.report((index + 1) / count)
    document.close()


def _read_page(document: pdfium.PdfDocument, index: int) -> str:
    """Return the text of one page; empty for a damaged page, so that the others are still read."""
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return ""
    try:
        text_page = page.get_textpage()
        text = str(text_page.get_text_bounded())
        text_page.close()
    except pdfium.PdfiumError:
        return ""
    finally:
        page.close()
    # PDFium marks a hyphen at a line's end by U+FFFE or U+0002.
    return clean(re.sub("[\ufffe\x02]\r?\n?", "", text))


def _read_outline(document: pdfium.PdfDocument) -> dict[int, list[str]]:
    """Return the path of outline titles by the index of the page where it begins."""
    found: dict[int, list[str]] = {}
    path: list[str] = []
    try:
        for mark in islice(document.get_toc(max_depth=OUTLINE_DEPTH), OUTLINE_MARKS):
            target = mark.get_dest()
            index = None if target is None else target.get_index()
            path = [*path[: mark.level], *[""] * (mark.level - len(path)), shorten_heading(mark.get_title())]
            if index is not None:
                found.setdefault(index, path)
    except pdfium.PdfiumError:
        return found
    return found


def join_lines(text: str) -> Iterator[str]:
    """Yield paragraphs of wrapped lines: a short line that ends a sentence ends one, a bullet begins one."""
    lines = [line.strip() for line in text.split("\n")]
    width = max((len(line) for line in lines), default=0)
    held: list[str] = []
    for line in lines:
        if not line or (_BULLET.match(line) and held):
            if held:
                yield _join(held)
            held = [line] if line else []
            continue
        held.append(line)
        is_short = len(line) < width * 0.75
        if is_short and (_SENTENCE_END.search(line) or len(held) == 1):
            yield _join(held)
            held = []
    if held:
        yield _join(held)


def _join(lines: list[str]) -> str:
    parts = [lines[0]]
    for before, line in pairwise(lines):
        # Chinese and Japanese have no spaces between lines.
        parts.append("" if before[-1:] > "\u2e7f" and line[:1] > "\u2e7f" else " ")
        parts.append(line)
    return "".join(parts)
