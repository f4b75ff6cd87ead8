"""The PDF writer: Chinese, accents, other scripts, long words and markup; what is shown is what was given."""

from __future__ import annotations

import pypdfium2
import pytest
from django.utils import translation

from core.pdf_files import BOX, LONGEST_VALUE, PdfSection, write_pdf


def read(body: bytes) -> tuple[int, str]:
    document = pypdfium2.PdfDocument(body)
    pages = [page.get_textpage().get_text_range() for page in document]
    return len(pages), "\n".join(pages).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Grant Draft", "Grant Draft"),
        ("起草拨款 for you", "起草拨款 for you"),
        ("<b>&amp; bold</b>", "<b>&amp; bold</b>"),
        ("Żółw", "Zółw"),
        ("safe\u202eevil\u200b", "safeevil"),
        ("שלום", BOX * 4),
        ("first\nsecond", "first\nsecond"),
    ],
)
def test_a_value_is_shown_as_it_is(given: str, shown: str) -> None:
    pages, text = read(write_pdf(title="Pack", subtitle="", sections=[PdfSection("Name", [("Item", given)])]))

    assert pages == 1
    assert shown in text
    assert ("stands for a letter" in text) == (BOX in shown)


def test_what_is_long_goes_over_pages_and_is_cut_at_last() -> None:
    lines = [("Word", "x" * LONGEST_VALUE * 2), ("标签" * 40, "这是一句话。" * 600), ("Last", "the end")]

    with translation.override("zh-hans"):
        pages, text = read(write_pdf(title="名" * 200, subtitle="S", sections=[PdfSection("一", lines)]))

    assert pages > 2
    assert text.count("x") == LONGEST_VALUE - 1
    assert "the end" in text
