"""What stands on a PDF page without being part of its text: values of forms, free texts and comments."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from gpts.knowledge.extraction.charsets.decoding import clean
from gpts.knowledge.extraction.remarks import RemarkCode, Remarks

# Annotations looked at on one page, and characters of one.
ANNOTATIONS = 5_000
TEXT_LENGTH = 20_000
OPTIONS = 1_000
_COMMENTS = frozenset({
    raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE, raw.FPDF_ANNOT_SQUIGGLY,
    raw.FPDF_ANNOT_STRIKEOUT, raw.FPDF_ANNOT_CARET, raw.FPDF_ANNOT_LINE, raw.FPDF_ANNOT_SQUARE,
    raw.FPDF_ANNOT_CIRCLE, raw.FPDF_ANNOT_POLYGON, raw.FPDF_ANNOT_POLYLINE, raw.FPDF_ANNOT_INK,
    raw.FPDF_ANNOT_STAMP,
})  # fmt: skip
_BOXES = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_CHOICES = (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)


def read_annotations(page: pdfium.PdfPage, form: Any, remarks: Remarks) -> list[str]:
    """Return a line for each filled field, "name: value", and each text of an annotation.

    ``form`` is the form environment of the document, or None.
    """
    lines: list[str] = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_WIDGET and form is not None:
                lines.append(_read_field(form, annotation))
            elif kind == raw.FPDF_ANNOT_FREETEXT:
                lines.append(_read_contents(annotation))
            elif kind == raw.FPDF_ANNOT_FILEATTACHMENT:
                remarks.add(RemarkCode.EMBEDDED_FILES, name=_read_contents(annotation))
            elif kind in _COMMENTS:
                comment = _read_contents(annotation)
                if comment:
                    remarks.add(RemarkCode.COMMENTS_READ)
                    lines.append(comment)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    # A value may stand in several fields of one name, on the same page too.
    return list(dict.fromkeys(filter(None, lines)))


def _read_field(form: Any, annotation: Any) -> str:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _call_text(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation) or _call_text(
        raw.FPDFAnnot_GetFormFieldName, form, annotation
    )
    if kind in _BOXES:
        if not raw.FPDFAnnot_IsChecked(form, annotation):
            return ""
        value = _call_text(raw.FPDFAnnot_GetFormFieldExportValue, form, annotation)
        shown = "☒" if value.lower() in ("", "on", "yes", "1", "true", "off") else f"☒ {value}"
    elif kind in _CHOICES:
        shown = _read_choice(form, annotation)
    elif kind == raw.FPDF_FORMFIELD_TEXTFIELD:
        shown = _call_text(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    else:
        return ""
    return f"{name}: {shown}" if shown and name else shown


def _read_choice(form: Any, annotation: Any) -> str:
    count = min(raw.FPDFAnnot_GetOptionCount(form, annotation), OPTIONS)
    chosen = [
        _call_text(raw.FPDFAnnot_GetOptionLabel, form, annotation, index)
        for index in range(count)
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, index)
    ]
    return ", ".join(filter(None, chosen)) or _call_text(raw.FPDFAnnot_GetFormFieldValue, form, annotation)


def _read_contents(annotation: Any) -> str:
    return _call_text(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")


def _call_text(function: Callable[..., int], *arguments: Any) -> str:
    """Return the text that a function of PDFium writes as UTF-16, on one line."""
    size = function(*arguments, None, 0)
    if not 2 < size <= TEXT_LENGTH * 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return " ".join(clean(buffer.raw.decode("utf-16-le", "ignore").rstrip("\x00")).split())
