"""Each format gives its text with headings and pages; a text's letters are told in any charset."""

from __future__ import annotations

import pytest

from gpts.knowledge.extraction import Section, extract
from tests.support.knowledge_files import make_docx, make_epub, make_pdf, make_pptx, make_xlsx


def flat(sections: list[Section]) -> list[tuple[str, int | None, str]]:
    return [
        (section.heading, section.page, paragraph) for section in sections for paragraph in section.paragraphs
    ]


def test_a_pdf_keeps_its_pages_and_its_outline() -> None:
    data = make_pdf("Welcome.", "Send it back (in 30 days).", outline=[("Start", 0), ("Returns", 1)])

    assert flat(extract("a.pdf", data)) == [
        ("Start", 1, "Welcome."),
        ("Returns", 2, "Send it back (in 30 days)."),
    ]


def test_a_word_document_keeps_its_headings_and_page_breaks() -> None:
    data = make_docx(
        ("Heading1", "Returns"), ("", "Within 30 days."), ("Heading2", "Refunds"), ("break", "In five days.")
    )

    assert flat(extract("a.docx", data)) == [
        ("Returns", None, "Within 30 days."),
        ("Returns › Refunds", 2, "In five days."),
    ]


def test_a_workbook_gives_its_rows_under_their_columns() -> None:
    data = make_xlsx({"Prices": [["city", "price"], ["Paris", 21], ["Lyon", 5.5]], "Notes": [["Only words"]]})

    assert flat(extract("a.xlsx", data)) == [
        ("Prices", 1, "city: Paris\nprice: 21"),
        ("Prices", 1, "city: Lyon\nprice: 5.5"),
        ("Notes", 2, "Only words"),
    ]


def test_a_presentation_gives_a_page_a_slide() -> None:
    data = make_pptx(("Returns", "Within 30 days"), ("Refunds", "In five days"))

    assert flat(extract("a.pptx", data)) == [
        ("Returns", 1, "Within 30 days"),
        ("Refunds", 2, "In five days"),
    ]


def test_a_book_gives_its_chapters_in_reading_order() -> None:
    data = make_epub(("One", "It begins."), ("Two", "It ends."))

    assert flat(extract("a.epub", data)) == [("One", 1, "It begins."), ("Two", 2, "It ends.")]


def test_markdown_reads_as_it_means_wrapped_lines_joined_and_all_others_kept() -> None:
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

    assert [piece for _heading, _page, piece in flat(extract("a.md", text.encode()))] == [
        "A seat needs a reservation in Spain.",
        "夜车可以带自行车。",
        "- one\n- two goes on",
        "| a | b |\n| 1 | 2 |",
        "```\nx = 1\ny = 2\n```",
    ]


def test_source_code_is_parted_by_its_functions() -> None:
    code = "import os\n\ndef first():\n    return 1\n\n\nclass Second:\n    pass\n"

    assert [(heading, text) for heading, _page, text in flat(extract("a.py", code.encode()))] == [
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
def test_a_text_s_letters_are_told(text: str, charset: str) -> None:
    assert flat(extract("a.txt", text.encode(charset))) == [("", None, text)]


def test_a_file_glued_from_two_charsets_keeps_what_can_be_read() -> None:
    data = ("Plain words first. " * 50).encode() + "Köln".encode("latin-1") + b" and more."

    text = " ".join(part for _heading, _page, part in flat(extract("a.txt", data)))

    assert text.startswith("Plain words first.")
    assert text.endswith("ln and more.")


def test_a_page_s_hidden_parts_and_outside_references_stay_out() -> None:
    page = (
        '<!DOCTYPE html SYSTEM "http://127.0.0.1:9/evil.dtd"><script src="http://127.0.0.1:9/"></script>'
        "<style>p{}</style><h2>Returns</h2><p>Within <b>30</b> days</p><iframe srcdoc='x'>no</iframe>"
    )

    assert flat(extract("a.html", page.encode())) == [("Returns", None, "Within 30 days")]
