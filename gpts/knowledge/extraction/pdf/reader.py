"""PDF: page by page, headings from the outline, lines joined to paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from gpts.knowledge.extraction.charsets.decoding import clean
from gpts.knowledge.extraction.pdf.box_font import use_box_font
from gpts.knowledge.extraction.pdf.columns import read_columns
from gpts.knowledge.extraction.pdf.fields import read_annotations
from gpts.knowledge.extraction.pdf.opening import open_pdf
from gpts.knowledge.extraction.pdf.printed_lines import (
    Vocabulary,
    close_wide_text,
    join_divided_words,
    join_lines,
)
from gpts.knowledge.extraction.pdf.scans import is_scan, render_for_recognition
from gpts.knowledge.extraction.remarks import NAMES, RemarkCode, Remarks
from gpts.knowledge.extraction.types import Section, Source, UnreadableError, join_headings, shorten_heading

OUTLINE_DEPTH = 6
# PDFium searches the page tree for the page of each.
OUTLINE_MARKS = 10_000


def read(source: Source) -> Iterator[Section]:
    use_box_font()
    document, is_repaired = open_pdf(source.path)
    if is_repaired:
        source.remarks.add(RemarkCode.FILE_REPAIRED)
    document.init_forms()
    count = len(document)
    if count > source.limits.pages:
        raise UnreadableError("too_many_pages")
    _note_attachments(document, source.remarks)
    if document.get_formtype() == raw.FORMTYPE_XFA_FULL:
        # Its pages only say "Please wait": the form is built by a program from data of another kind.
        source.remarks.add(RemarkCode.PARTS_UNREAD, name="XFA")
    outline = _read_outline(document)
    vocabulary = Vocabulary()
    path: list[str] = []
    for index in range(count):
        path = outline.get(index, path)
        page = _open_page(document, index)
        if page is None:
            source.remarks.add(RemarkCode.PAGES_DAMAGED, number=index + 1)
        else:
            try:
                paragraphs = _read_page(document, page, source, vocabulary)
                if paragraphs:
                    yield Section(join_headings(path), paragraphs, index + 1)
                if is_scan(page, "".join(paragraphs)):
                    _handle_scan(page, index + 1, join_headings(path), source)
            finally:
                page.close()
        source.report((index + 1) / count)
    document.close()


def _open_page(document: pdfium.PdfDocument, index: int) -> pdfium.PdfPage | None:
    """Return a page; None for a damaged one, so that the others are still read."""
    try:
        return document[index]
    except pdfium.PdfiumError:
        return None


def _read_page(
    document: pdfium.PdfDocument, page: pdfium.PdfPage, source: Source, vocabulary: Vocabulary
) -> tuple[str, ...]:
    """Return the paragraphs of a page, then the values of its fields."""
    try:
        text_page = page.get_textpage()
    except pdfium.PdfiumError:
        return ()
    try:
        text = read_columns(text_page) or str(text_page.get_text_bounded())
    except pdfium.PdfiumError:
        text = ""
    finally:
        text_page.close()
    vocabulary.add(text)
    lines = close_wide_text(clean(join_divided_words(text, vocabulary)))
    form: Any = None if document.formenv is None else document.formenv.raw
    return (*join_lines(lines), *read_annotations(page, form, source.remarks))


def _handle_scan(page: pdfium.PdfPage, number: int, heading: str, source: Source) -> None:
    """Pass a page without text on to text recognition, or note it."""
    if source.recognise is None:
        source.remarks.add(RemarkCode.PAGES_WITHOUT_TEXT, number=number)
        return
    try:
        source.recognise(number, heading, lambda: render_for_recognition(page))
    except pdfium.PdfiumError:
        source.remarks.add(RemarkCode.PAGES_DAMAGED, number=number)


def _note_attachments(document: pdfium.PdfDocument, remarks: Remarks) -> None:
    try:
        count = document.count_attachments()
        for index in range(min(count, NAMES)):
            remarks.add(RemarkCode.EMBEDDED_FILES, name=document.get_attachment(index).get_name())
        if count > NAMES:
            remarks.add(RemarkCode.EMBEDDED_FILES, count=count - NAMES)
    except pdfium.PdfiumError:
        return


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
