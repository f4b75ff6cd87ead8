"""Pages of a PDF that are pictures: told by what is on them, and rendered for text recognition."""

from __future__ import annotations

import math

import pypdfium2 as pdfium
import pypdfium2.raw as raw

# A page with less text, most of it covered by pictures, is a scan with a stamp or page number over it.
STAMP_LENGTH = 40
COVERED_SHARE = 0.5
# Objects of a page that are looked at for pictures.
OBJECTS = 500
# What engines of text recognition are made for, and the most pixels of one page (A4 has 8.7 million).
DOTS_PER_INCH = 300
PIXELS = 9_000_000


def is_scan(page: pdfium.PdfPage, text: str) -> bool:
    """Return whether a page shows something that its text does not say; False for an empty page."""
    if not text.strip():
        return raw.FPDFPage_CountObjects(page) > 0
    return len(text.strip()) < STAMP_LENGTH and _measure_pictures(page) > COVERED_SHARE


def _measure_pictures(page: pdfium.PdfPage) -> float:
    """Return the share of the page that its largest picture covers."""
    width, height = page.get_size()
    largest = 0.0
    for number, picture in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=2)):
        if number >= OBJECTS:
            break
        left, bottom, right, top = picture.get_bounds()
        largest = max(largest, (right - left) * (top - bottom))
    return largest / max(width * height, 1.0)


def render_for_recognition(page: pdfium.PdfPage) -> bytes:
    """Return a page as a grey picture in the format PGM."""
    width, height = page.get_size()
    scale = min(DOTS_PER_INCH / 72, math.sqrt(PIXELS / max(width * height, 1.0)))
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    try:
        data = bytes(bitmap.buffer)
        if bitmap.stride != bitmap.width:
            rows = (data[row * bitmap.stride :][: bitmap.width] for row in range(bitmap.height))
            data = b"".join(rows)
        return b"P5 %d %d 255\n%s" % (bitmap.width, bitmap.height, data)
    finally:
        bitmap.close()
