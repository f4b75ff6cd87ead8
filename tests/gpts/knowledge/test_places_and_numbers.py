"""Numbers of fields in Word files, rows of tables in citations, values and languages that a file lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from gpts.chat.services.turn_inputs import build_citations
from gpts.knowledge import text_recognition
from gpts.knowledge.extraction import Remark, RemarkCode, Section, extract
from gpts.knowledge.extraction.word.doc import _drop_field_codes
from gpts.knowledge.extraction.word.number_fields import NumberFields
from gpts.knowledge.passages import split_into_passages
from gpts.knowledge.places import describe_place
from gpts.knowledge.remark_messages import describe_remarks
from gpts.knowledge.retrieval import FoundPassage
from tests.support.extraction import read_lines, read_remarks
from tests.support.knowledge_files import make_xlsx, make_zip
from tests.support.word_files import level, make_word, numbering_part, style_part


def field(code: str, text: str, *, result: str | None = None, style: str = "", more: str = "") -> str:
    """A paragraph with a field before its text; without ``result`` the field has no separator."""
    stored = (
        ""
        if result is None
        else f'<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{result}</w:t></w:r>'
    )
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f"<w:r><w:instrText>{code}</w:instrText></w:r>{stored}"
        f'<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve"> {text}</w:t></w:r></w:p>'
    )


@pytest.mark.parametrize(
    ("codes", "numbers"),
    [
        (["AUTONUM", "AUTONUM \\* Arabic", "autonum \\s )"], ["1.", "2.", "3)"]),
        (["AUTONUM \\* ROMAN", "AUTONUM \\* alphabetic \\* MERGEFORMAT"], ["I.", "b."]),
        (["AUTONUMLGL", "AUTONUMLGL \\e"], ["1.", "2"]),
        (["AUTONUMOUT", "AUTONUMOUT"], ["I.", "II."]),
        (["LISTNUM", "LISTNUM NumberDefault \\l 2", 'LISTNUM "NumberDefault" \\l 2', "LISTNUM \\l 1"],
         ["1)", "a)", "b)", "2)"]),
        (["LISTNUM LegalDefault", "LISTNUM LegalDefault \\l 2", "LISTNUM LegalDefault \\l2 \\s 7"],
         ["1.", "1.1.", "1.7."]),
        (["LISTNUM OutlineDefault \\l 2 \\s 3", "LISTNUM OutlineDefault \\l 3"], ["C.", "1."]),
        (["SEQ Figure \\* ARABIC", "SEQ Table", "SEQ figure", "SEQ Figure \\c", "SEQ Figure \\r 9"],
         ["1", "1", "2", "2", "9"]),
        (["SEQ Figure \\h", "SEQ Figure", "PAGE", "TOC", "", "SEQ", "LISTNUM X \\l 99"],
         ["", "2", "", "", "", "", "i."]),
    ],
)  # fmt: skip
def test_fields_are_counted_as_word_does(codes: list[str], numbers: list[str]) -> None:
    fields = NumberFields()

    assert [fields.count(code, paragraph=at) for at, code in enumerate(codes)] == numbers


def test_automatic_numbers_follow_headings_and_repeat_within_a_paragraph() -> None:
    fields = NumberFields()
    asked = [(1, 1), (2, 2), (3, 2), (4, 0), (4, 0), (5, 1), (6, 2)]

    legal = [fields.count("AUTONUMLGL", paragraph=at, heading=heading) for at, heading in asked]
    outline = [NumberFields().count("AUTONUMOUT", paragraph=1, heading=heading) for heading in range(1, 8)]

    assert legal == ["1.", "1.1.", "1.2.", "1.2.1.", "1.2.1.", "2.", "2.1."]
    assert outline == ["I.", "A.", "1.", "a)", "(1)", "(a)", "(i)"]


def test_word_documents_show_the_numbers_of_their_fields() -> None:
    named = '<w:name w:val="Clauses"/>'
    parts = {
        "styles.xml": style_part({"Heading1": ("heading 1", "")}),
        "numbering.xml": numbering_part(
            {"7": named + level(0, "decimal", "§ %1") + level(1, "lowerLetter", "%2)")},
            {"3": "7"},
        ),
    }
    in_list = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr>'
    body = "".join([
        field("AUTONUM", "Berths are let by the night."),
        field("AUTONUM", "A deposit is kept."),
        field("LISTNUM Clauses \\l 1", "Fees are due on arrival."),
        field("LISTNUM Clauses \\l 2", "Cards are taken."),
        field("LISTNUM", "Dogs pay half.", more=in_list),
        field("SEQ Figure", "Depot", result="4"),
        field("SEQ Figure", "Quay"),
        '<w:p><w:fldSimple w:instr=" AUTONUM "/>'
        '<w:r><w:t xml:space="preserve"> Leave before noon.</w:t></w:r></w:p>',
        field("AUTONUM", "shown as stored", result="3."),
    ])  # fmt: skip
    rtf = (
        rb"{\rtf1\ansi {\field{\*\fldinst { AUTONUM }}{\fldrslt }} First.\par "
        rb"{\field{\*\fldinst AUTONUM}} Second.\par {\field{\*\fldinst SEQ Fig}{\fldrslt 5}} Plan\par "
        rb"{\field{\*\fldinst SEQ Fig}{\fldrslt {}}} Map\par"
        rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt Link}}\par}"
    )

    assert read_lines(make_word(body, parts), "a.docx") == [
        "1. Berths are let by the night.",
        "2. A deposit is kept.",
        "§ 1 Fees are due on arrival.",
        "a) Cards are taken.",
        "§ 2 a) Dogs pay half.",
        "4 Depot",
        "5 Quay",
        "3. Leave before noon.",
        "3. shown as stored",
    ]
    assert read_lines(rtf, "a.rtf") == ["1. First.", "2. Second.", "5 Plan", "6 Map", "Link"]
    old = (
        "\x13 AUTONUM \x15 First\r\x13 AUTONUM \x15 Second\r\x13 SEQ F \x147\x15 Plan\r"
        "\x13 HYPERLINK \x14here\x15"
    )
    assert _drop_field_codes(old, NumberFields()) == "1. First\r2. Second\r7 Plan\rhere"


def test_passages_of_tables_say_sheet_and_rows() -> None:
    rows = [["Part", "Price"], *[[f"Part {at}", f"{at} euro " + "x" * 180] for at in range(2, 9)]]
    book = make_xlsx({"Prices": rows, "Notes": [["Opening hours are in the office."]]})
    csv = b"Part,Price\nBolt,5\n\nNut,3\n"

    passages = list(split_into_passages(extract("prices.xlsx", book)))
    lines = list(split_into_passages(extract("prices.csv", csv)))

    assert [(passage.heading, passage.page, passage.rows) for passage in passages] == [
        ("Prices", 1, (2, 5)),
        ("Prices", 1, (6, 8)),
        ("Notes", 2, (1, 1)),
    ]
    assert [(passage.text, passage.page, passage.rows) for passage in lines] == [
        ("Part: Bolt\nPrice: 5\n\nPart: Nut\nPrice: 3", None, (2, 4)),
    ]
    assert [
        describe_place("Prices", 1, (2, 5)), describe_place("", None, (4, 4)), describe_place("Rules", 3),
        describe_place("", None),
    ] == ["sheet Prices · rows 2–5", "row 4", "Rules · page 3", ""]  # fmt: skip
    with translation.override("zh-hans"):
        assert describe_place("价格", 1, (2, 5)) == "工作表 价格 · 第 2–5 行"


def test_rows_keep_the_numbers_that_people_see_in_ods_too() -> None:
    head = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    )

    def row(*texts: str, more: str = "") -> str:
        cells = "".join(
            f'<table:table-cell table:formula="of:{text}" office:value-type="float"/>'
            if text.startswith("=")
            else f"<table:table-cell><text:p>{text}</text:p></table:table-cell>"
            for text in texts
        )
        return f"<table:table-row {more}>{cells}</table:table-row>"

    content = (
        f'{head}<table:table table:name="Stock">{row("Part", "Count")}'
        f"{row('Secret', '9', more=chr(116) + 'able:visibility=' + chr(34) + 'collapse' + chr(34))}"
        f"{row('Bolt', '5')}{row('Sum', '=[.B3]')}</table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    data = make_zip({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})

    assert extract("a.ods", data) == [
        Section("Stock", ("Part: Bolt\nCount: 5",), 1, (3, 3)),
        Section("Stock", ("Part: Sum\nCount: =[.B3]",), 1, (4, 4)),
    ]
    assert Remark(RemarkCode.FORMULAS_WITHOUT_VALUE, 1, names=("Stock",), counts=(1,)) in read_remarks(
        data, "a.ods"
    )


def test_citations_have_rows_where_they_are_known() -> None:
    found = FoundPassage(7, 1, "prices.xlsx", "Prices", 1, 2, "Bolt", 0.9, (7,), (2, 5))
    page = FoundPassage(8, 1, "rules.pdf", "Rules", 3, 1, "Leave", 0.9, (8,))

    assert build_citations("By [1] and [2].", (found, page)) == [
        {"number": 1, "passage_id": 7, "file": "prices.xlsx", "heading": "Prices", "page": 1, "rows": [2, 5]},
        {"number": 2, "passage_id": 8, "file": "rules.pdf", "heading": "Rules", "page": 3},
    ]


def test_formulas_without_value_are_said_for_each_sheet() -> None:
    book = make_xlsx({
        "Fees": [["Item", "Net", "Gross"], ["Chart", 100, "=B2*1.19"], ["Pilot", 200, "=B3*1.19"]],
        "Sums": [["Year", "Total"], ["2025", "=SUM(Fees!B2:B3)"]],
    })  # fmt: skip

    found = read_remarks(book, "a.xlsx")
    [message] = describe_remarks([remark.as_json() for remark in found])
    old = [{"code": "formulas_without_value", "count": 2, "limit": 0, "ranges": [], "names": ["Fees"]}]
    [older] = describe_remarks(old)

    assert found == [
        Remark(RemarkCode.FORMULAS_WITHOUT_VALUE, 3, names=("Fees", "Sums"), counts=(2, 1)),
    ]
    assert (message.text, message.advice, message.is_gap) == (
        "2 formulas in sheet “Fees”, 1 formula in sheet “Sums” have no value: the formulas themselves were"
        " read.",
        "Open the file in a spreadsheet program, save it there and add it again.",
        True,
    )
    assert older.text == "2 formulas have no value (“Fees” and more): the formulas themselves were read."
    with translation.override("zh-hans"):
        [chinese] = describe_remarks([remark.as_json() for remark in found])
        assert chinese.text.startswith("工作表“Fees”中的 2 个公式、工作表“Sums”中的 1 个公式")


def test_a_scan_says_which_language_is_missing(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'List of languages (2):'\necho eng\necho osd\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    text_recognition._find_program.cache_clear()
    settings.OCR_PAGES, settings.OCR_LANGUAGES = 20, ["eng", "chi_sim", "xyz"]
    scanned = [Remark(RemarkCode.PAGES_BY_OCR, ranges=((1, 1),))]

    missing = text_recognition.find_missing_languages(scanned)
    plain = text_recognition.find_missing_languages([Remark(RemarkCode.FILE_REPAIRED)])
    status = text_recognition.describe_text_recognition()
    settings.OCR_LANGUAGES = ["eng"]
    complete = text_recognition.find_missing_languages(scanned)
    text_recognition._find_program.cache_clear()

    assert missing == Remark(RemarkCode.OCR_LANGUAGES_MISSING, 2, names=("chi_sim", "xyz"))
    assert (plain, complete) == (None, None)
    assert describe_remarks([missing.as_json()])[0].text == (
        "Text recognition (OCR) on this server lacks Chinese, simplified (chi_sim), xyz. Pages in these"
        " languages are read wrong or not at all."
    )
    assert (
        status == "On, in these languages: English (eng). Not installed: Chinese, simplified (chi_sim), xyz"
    )
