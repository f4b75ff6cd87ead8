"""Extraction of text with headings and pages from each format and charset."""

from __future__ import annotations

import pytest

from gpts.knowledge.extraction import Section, extract
from tests.support.knowledge_files import make_docx, make_epub, make_pdf, make_pptx, make_xlsx


def flatten(sections: list[Section]) -> list[tuple[str, int | None, str]]:
    return [
        (section.heading, section.page, paragraph) for section in sections for paragraph in section.paragraphs
    ]


def test_a_pdf_keeps_its_pages_and_its_outline() -> None:
    data = make_pdf("Welcome.", "Send it back (in 30 days).", outline=[("Start", 0), ("Returns", 1)])

    assert flatten(extract("a.pdf", data)) == [
        ("Start", 1, "Welcome."),
        ("Returns", 2, "Send it back (in 30 days)."),
    ]


def test_a_word_document_keeps_its_headings_and_page_breaks() -> None:
    data = make_docx(
        ("Heading1", "Returns"), ("", "Within 30 days."), ("Heading2", "Refunds"), ("break", "In five days.")
    )

    assert flatten(extract("a.docx", data)) == [
        ("Returns", None, "Within 30 days."),
        ("Returns › Refunds", 2, "In five days."),
    ]


def test_rows_of_a_workbook_become_paragraphs_with_column_names() -> None:
    data = make_xlsx({"Prices": [["city", "price"], ["Paris", 21], ["Lyon", 5.5]], "Notes": [["Only words"]]})

    assert flatten(extract("a.xlsx", data)) == [
        ("Prices", 1, "city: Paris\nprice: 21"),
        ("Prices", 1, "city: Lyon\nprice: 5.5"),
        ("Notes", 2, "Only words"),
    ]


def test_each_slide_of_a_presentation_becomes_a_page() -> None:
    data = make_pptx(("Returns", "Within 30 days"), ("Refunds", "In five days"))

    assert flatten(extract("a.pptx", data)) == [
        ("Returns", 1, "Within 30 days"),
        ("Refunds", 2, "In five days"),
    ]


def test_chapters_of_a_book_come_in_reading_order() -> None:
    data = make_epub(("One", "It begins."), ("Two", "It ends."))

    assert flatten(extract("a.epub", data)) == [("One", 1, "It begins."), ("Two", 2, "It ends.")]


def test_wrapped_lines_of_markdown_are_joined_and_others_kept() -> None:
    text = """# Trains

A seat needs a reservation
in Spain.

夜车可以
带自行车。

- one
- two
  goes on

| a | b |
| 1 | 2 |

```
x = 1
y = 2
```
"""

    assert [piece for _heading, _page, piece in flatten(extract("a.md", text.encode()))] == [
        "A seat needs a reservation in Spain.",
        "夜车可以带自行车。",
        "- one\n- two goes on",
        "| a | b |\n| 1 | 2 |",
        "```\nx = 1\ny = 2\n```",
    ]


def test_source_code_is_split_by_functions_and_classes() -> None:
    code = "import os\n\ndef first():\n    return 1\n\n\nclass Second:\n    pass\n"

    assert [(heading, text) for heading, _page, text in flatten(extract("a.py", code.encode()))] == [
        ("", "import os"),
        ("first", "def first():\n    return 1"),
        ("Second", "class Second:\n    pass"),
    ]


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Grüße aus Köln, bitte läuten. Große Bären fressen süße Äpfel.", "latin-1"),
        ("退款政策：三十天内可以退货，请保留发票和原包装。", "gb18030"),
        ("退款政策：三十天内可以退货。Refunds take five days.", "utf-16"),
        ("Возврат возможен в течение тридцати дней после покупки товара.", "cp1251"),
        ("返品は三十日以内にお願いします。レシートを保管してください。", "shift_jis"),
        ("עברית מימין לשמאל, with English inside", "utf-8"),
        ("Emoji 🚲 and marks", "utf-8-sig"),
    ],
)
def test_the_charset_of_a_text_is_detected(text: str, charset: str) -> None:
    assert flatten(extract("a.txt", text.encode(charset))) == [("", None, text)]


def test_a_file_of_two_charsets_keeps_the_valid_text() -> None:
    data = ("Plain words first. " * 50).encode() + "Köln".encode("latin-1") + b" and more."

    text = " ".join(part for _heading, _page, part in flatten(extract("a.txt", data)))

    assert text.startswith("Plain words first.")
    assert text.endswith("ln and more.")


def test_hidden_elements_and_external_references_of_html_are_skipped() -> None:
    page = (
        '<!DOCTYPE html SYSTEM "http://127.0.0.1:9/evil.dtd"><script src="http://127.0.0.1:9/"></script>'
        "<style>p{}</style><h2>Returns</h2><p>Within <b>30</b> days</p><iframe srcdoc='x'>no</iframe>"
    )

    assert flatten(extract("a.html", page.encode())) == [("Returns", None, "Within 30 days")]
