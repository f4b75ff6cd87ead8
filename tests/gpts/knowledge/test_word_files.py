"""Word documents: what a reader of the printed document sees is read, once, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpts.knowledge.extraction import Remark, RemarkCode, Section, extract
from gpts.knowledge.extraction.word.number_formats import format_number
from tests.support.extraction import read_lines, read_remarks
from tests.support.knowledge_files import make_zip
from tests.support.word_files import (
    CHART,
    DIAGRAM,
    NAMESPACES,
    level,
    make_slides,
    make_strict,
    make_word,
    numbering_part,
    paragraph,
    run,
    shape,
    style_part,
)

INPUTS = Path(__file__).parent / "inputs"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("strict.docx", ["The depot opens at seven."]),
        ("other_main_part.docx", ["The depot opens at seven."]),
        ("moved.docx", ["Between.", "Berth fee is due on Monday."]),
        ("textbox_twice.docx", ["Call the harbour office first.", "Body."]),
        ("formula.docx", ["The load limit is F = 9.81 m newton."]),
        ("hyphens.docx", ["Ask for form ABC-77 please. Weight 20±2 kg."]),
        ("ruby.docx", ["倉庫は七時に開く。"]),
        ("header_footer.docx", ["Body text.", "Document number HB-2031 rev C", "Valid from May"]),
        ("altchunk.docx", ["The depot opens at seven."]),
        (
            "clause_numbers.docx",
            [
                "1. Berthing", "1.1 A berth is booked for one night.", "1.2 A deposit is kept.", "2. Leaving",
                "2.1 Leave before noon.",
            ],
        ),
    ],
)  # fmt: skip
def test_a_public_report_is_read_right(name: str, lines: list[str]) -> None:
    assert read_lines((INPUTS / name).read_bytes(), "a.docx") == lines


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("decimalZero", {1: "01", 12: "12"}),
        ("upperRoman", {1: "I", 4: "IV", 9: "IX", 1994: "MCMXCIV"}),
        ("lowerLetter", {1: "a", 26: "z", 27: "aa", 28: "bb"}),
        ("ordinal", {1: "1st", 2: "2nd", 11: "11th", 23: "23rd"}),
        ("ordinalText", {1: "First", 12: "Twelfth", 20: "Twentieth", 21: "Twenty-first"}),
        ("chineseCounting", {1: "一", 10: "十", 11: "十一", 20: "二十", 105: "一百零五", 110: "一百一十"}),
        ("chineseCountingThousand", {1003: "一千零三", 2030: "二千零三十", 10_000: "一万"}),
        ("chineseLegalSimplified", {10: "壹拾", 25: "贰拾伍", 101: "壹佰零壹"}),
        ("ideographDigital", {10: "一〇", 2024: "二〇二四"}),
        ("japaneseCounting", {10: "十", 101: "百一", 2030: "二千三十"}),
        ("ideographTraditional", {1: "甲", 10: "癸", 11: "甲"}),
        ("decimalEnclosedCircleChinese", {1: "①", 20: "⑳", 21: "21"}),
        ("russianUpper", {1: "А", 3: "В"}),
        ("bullet", {1: ""}),
        ("unknownKind", {7: "7"}),
        ("lowerRoman", {0: "0", 99_999: "99999"}),
    ],
)
def test_numbers_are_written_as_word_writes_them(kind: str, numbers: dict[int, str]) -> None:
    assert {number: format_number(number, kind) for number in numbers} == numbers


CLAUSES = numbering_part(
    {
        "0": level(0, "chineseCounting", "第%1章") + level(1, "decimal", "%1.%2", extra="<w:isLgl/>")
        + level(2, "lowerLetter", "(%3)"),
        "1": level(0, "decimal", "%1)"),
        "2": level(0, "bullet", "·"),
    },
    {
        "1": "0",
        "2": "1",
        "3": '1|<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>',
        "4": "2",
    },
)  # fmt: skip


def test_levels_restart_below_a_higher_one_and_lists_go_on_after_an_interruption() -> None:
    body = "".join(
        [
            paragraph("总则", numbering=("1", 0)), paragraph("Scope", numbering=("1", 1)),
            paragraph("one", numbering=("1", 2)), paragraph("two", numbering=("1", 2)),
            paragraph("Terms", numbering=("1", 1)), paragraph("three", numbering=("1", 2)),
            paragraph("not numbered"), paragraph("附则", numbering=("1", 0)),
            paragraph("Scope again", numbering=("1", 1)),
            paragraph("first", numbering=("2", 0)), paragraph("other", numbering=("4", 0)),
            paragraph("second", numbering=("2", 0)), paragraph("anew", numbering=("3", 0)),
            paragraph("and on", numbering=("3", 0)), paragraph("none", numbering=("0", 0)),
        ]
    )  # fmt: skip

    assert read_lines(make_word(body, {"numbering.xml": CLAUSES}), "a.docx") == [
        "第一章 总则", "1.1 Scope", "(a) one", "(b) two", "1.2 Terms", "(a) three", "not numbered",
        "第二章 附则", "2.1 Scope again", "1) first", "other", "2) second", "5) anew", "6) and on", "none",
    ]  # fmt: skip


def test_headings_are_numbered_by_their_styles_and_custom_styles_inherit() -> None:
    numbering = numbering_part(
        {
            "0": level(0, "decimal", "%1", extra='<w:pStyle w:val="H1"/>')
            + level(1, "decimal", "%1.%2", extra='<w:pStyle w:val="H2"/>')
        },
        {"7": "0"},
    )
    reference = '<w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr>'
    styles = style_part(
        {
            "H1": ("heading 1", reference),
            "H2": ("heading 2", reference),
            "Own": ("Our chapter", '<w:basedOn w:val="H1"/>'),
        }
    )
    body = (
        paragraph("Berths", style="H1") + paragraph("Booking", style="H2") + paragraph("By telephone.")
        + paragraph("Fees", style="Own") + paragraph("Five euro.")
    )  # fmt: skip

    sections = extract("a.docx", make_word(body, {"numbering.xml": numbering, "styles.xml": styles}))

    assert [(section.heading, section.paragraphs[0]) for section in sections] == [
        ("1 Berths › 1.1 Booking", "By telephone."),
        ("2 Fees", "Five euro."),
    ]


def test_headings_without_text_below_are_read_as_text() -> None:
    styles = style_part({"H1": ("heading 1", ""), "H2": ("heading 2", "")})
    body = (
        paragraph("Gate code 4417", style="H1") + paragraph("Rules", style="H1")
        + paragraph("No fires", style="H2") + paragraph("No noise", style="H2") + paragraph("After ten.")
    )  # fmt: skip

    assert extract("a.docx", make_word(body, {"styles.xml": styles})) == [
        Section("", ("Gate code 4417",)),
        Section("Rules", ("No fires",)),
        Section("Rules › No noise", ("After ten.",)),
    ]


def math(inner: str) -> str:
    return f"<w:p><m:oMath>{inner}</m:oMath></w:p>"


def term(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (f"<m:f><m:num>{term('a+b')}</m:num><m:den>{term('2')}</m:den></m:f>", "(a+b)/2"),
        (f"<m:sSup><m:e>{term('x')}</m:e><m:sup>{term('2')}</m:sup></m:sSup>{term('+1')}", "x^2+1"),
        (f"<m:sSub><m:e>{term('x')}</m:e><m:sub>{term('max')}</m:sub></m:sSub>", "x_{max}"),
        (f"<m:rad><m:deg/><m:e>{term('2gh')}</m:e></m:rad>", "√2gh"),
        (
            '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
            f"<m:sub>{term('i=1')}</m:sub><m:sup>{term('n')}</m:sup><m:e>{term('i')}</m:e></m:nary>",
            "∑_{i=1}^n i",
        ),
        (
            f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{term("a")}</m:e></m:d>',
            "[a]",
        ),
        (f"<m:func><m:fName>{term('sin')}</m:fName><m:e>{term('x')}</m:e></m:func>", "sin x"),
        (
            f"<m:m><m:mr><m:e>{term('1')}</m:e><m:e>{term('0')}</m:e></m:mr>"
            f"<m:mr><m:e>{term('0')}</m:e><m:e>{term('1')}</m:e></m:mr></m:m>",
            "1, 0; 0, 1",
        ),
    ],
)
def test_formulas_are_read_as_people_type_them(formula: str, text: str) -> None:
    assert read_lines(make_word(math(formula)), "a.docx") == [text]


FIELD = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'


def field(instruction: str, result: str) -> str:
    return (
        FIELD.format("begin")
        + f"<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        + FIELD.format("separate")
        + f"<w:r><w:t>{result}</w:t></w:r>" + FIELD.format("end")
    )  # fmt: skip


def test_fields_give_their_results_and_a_damaged_one_hides_nothing() -> None:
    body = (
        f"<w:p>{field('DATE', '3 May')}</w:p>"
        f"<w:p>{FIELD.format('begin')}<w:r><w:instrText>IF </w:instrText></w:r>"
        f"{field('PAGE', '7')}<w:r><w:instrText> = 7</w:instrText></w:r>{FIELD.format('separate')}"
        f"<w:r><w:t>shown</w:t></w:r>{FIELD.format('end')}</w:p>"
        f"<w:p>{FIELD.format('begin')}<w:r><w:t>never ends</w:t></w:r></w:p>" + paragraph("Still here.")
    )

    assert read_lines(make_word(body), "a.docx") == ["3 May", "shown", "Still here."]


def test_form_fields_and_content_controls_show_what_is_chosen() -> None:
    box = '<w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox>{}</w:checkBox></w:ffData></w:fldChar>'
    unchecked = box.format('<w:default w:val="0"/>')
    body = (
        f"<w:p><w:r>{box.format('<w:checked/>')}</w:r>{FIELD.format('end')}<w:r><w:t> paid</w:t></w:r></w:p>"
        f"<w:p><w:r>{unchecked}</w:r>{FIELD.format('end')}"
        "<w:r><w:t> free</w:t></w:r></w:p>"
        '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/>'
        '<w:listEntry w:val="Oban"/><w:listEntry w:val="Mallaig"/></w:ddList></w:ffData></w:fldChar></w:r>'
        f"{FIELD.format('end')}</w:p>"
        "<w:p><w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>Click here</w:t></w:r>"
        "</w:sdtContent></w:sdt><w:sdt><w:sdtContent><w:r><w:t>Seeadler</w:t></w:r></w:sdtContent>"
        "</w:sdt></w:p>"
    )

    assert read_lines(make_word(body), "a.docx") == ["☒ paid", "☐ free", "Mallaig", "Seeadler"]


def test_cells_merged_downwards_are_repeated_and_deleted_rows_left_out() -> None:
    def row(*cells: str, properties: str = "") -> str:
        return f"<w:tr>{properties}{''.join(cells)}</w:tr>"

    def cell(text: str, merge: str = "") -> str:
        return f"<w:tc><w:tcPr>{merge}</w:tcPr>{paragraph(text)}</w:tc>"

    begins, goes_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    table = (
        row(cell("North", begins), cell("a")) + row(cell("", goes_on), cell("b"))
        + row(cell("", goes_on), cell("old"), properties="<w:trPr><w:del/></w:trPr>")
        + row(cell("South"), cell("c")) + row(cell(""), cell("d"))
    )  # fmt: skip

    data = make_word(f"<w:tbl>{table}</w:tbl>")

    assert read_lines(data, "a.docx") == ["North · a", "North · b", "South · c", "d"]
    assert [remark.code for remark in read_remarks(data, "a.docx")] == [RemarkCode.DELETED_TEXT]


def test_a_column_of_automatic_numbers_is_read() -> None:
    numbering = numbering_part({"0": level(0, "decimal", "%1")}, {"1": "0"})
    rows = "".join(
        f"<w:tr><w:tc>{paragraph('', numbering=('1', 0))}</w:tc><w:tc>{paragraph(text)}</w:tc></w:tr>"
        for text in ("rope", "chain")
    )

    data = make_word(f"<w:tbl>{rows}</w:tbl>", {"numbering.xml": numbering})

    assert read_lines(data, "a.docx") == ["1 · rope", "2 · chain"]


def test_charts_and_diagrams_are_read_once_where_they_stand() -> None:
    body = (
        paragraph("Before")
        + '<w:p><w:r><w:drawing><c:chart r:id="c"/></w:drawing></w:r></w:p>' * 3
        + '<w:p><w:r><w:drawing><dgm:relIds r:dm="d"/></w:drawing></w:r></w:p>'
        + paragraph("After")
    )
    parts = {"charts/chart1.xml": CHART, "diagrams/data1.xml": DIAGRAM}
    relations = {"c": "chart charts/chart1.xml", "d": "diagramData diagrams/data1.xml"}

    assert read_lines(make_word(body, parts, relations), "a.docx") == [
        "Before", "Boats a year", "March · 2024: 15.6 % · 2025: 417", "April · 2024: 20 %", "Moor", "Pay",
        "After",
    ]  # fmt: skip


def test_notes_comments_and_page_heads_follow_the_text_and_page_numbers_are_left_out() -> None:
    number = f"<w:p><w:r><w:t>Page </w:t></w:r>{field('PAGE', '3')}</w:p>"
    head = f"<w:hdr {NAMESPACES}>{number}{paragraph('HB-2031')}</w:hdr>"
    note, comment = paragraph("A note."), paragraph("Check this.")
    parts = {
        "header1.xml": head,
        "header2.xml": head,
        "footnotes.xml": f"<w:footnotes {NAMESPACES}><w:footnote>{note}</w:footnote></w:footnotes>",
        "comments.xml": f"<w:comments {NAMESPACES}><w:comment>{comment}</w:comment></w:comments>",
    }
    data = make_word(paragraph("Body."), parts)

    assert extract("a.docx", data) == [
        Section("", ("Body.",)),
        Section("Header and footer", ("HB-2031",)),
        Section("Notes", ("A note.",)),
        Section("Comments", ("Check this.",)),
    ]
    assert read_remarks(data, "a.docx") == [Remark(RemarkCode.COMMENTS_READ, 1)]


def test_hidden_text_embedded_objects_and_unknown_parts_are_left_out_with_a_remark() -> None:
    body = (
        "<w:p><w:r><w:t>Shown</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r></w:p>"
        '<w:p><w:r><w:object><o:OLEObject ProgID="Equation.3"/></w:object></w:r>'
        '<w:r><w:object><o:OLEObject ProgID="Excel.Sheet.12"/></w:object></w:r></w:p><w:altChunk r:id="x"/>'
    )
    data = make_word(body, {"chunk.bin": "?"}, {"x": "aFChunk chunk.bin"})

    assert read_lines(data, "a.docx") == ["Shown"]
    assert {(remark.code, remark.names) for remark in read_remarks(data, "a.docx")} == {
        (RemarkCode.HIDDEN_TEXT, ()),
        (RemarkCode.PARTS_UNREAD, ("BIN", "Equation.3")),
        (RemarkCode.EMBEDDED_FILES, ("Excel.Sheet.12",)),
    }


def test_an_embedded_web_archive_and_text_are_read_and_external_ones_not_fetched() -> None:
    web = (
        "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\n"
        "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<p>Caf=C3=A9 hours</p>\n--b--\n"
    )
    body = '<w:altChunk r:id="a"/><w:altChunk r:id="b"/><w:altChunk r:id="gone"/>'
    parts = {"chunk.mht": web, "chunk.txt": "First\n\nSecond"}
    data = make_word(
        body,
        parts,
        {"a": "aFChunk chunk.mht", "b": "aFChunk chunk.txt", "gone": "aFChunk http://127.0.0.1:9/x"},
    )

    assert read_lines(data, "a.docx") == ["Café hours", "First", "Second"]


def test_small_things_that_hide_words_or_headings() -> None:
    placeholder = (
        '<w:p><w:r><w:rPr><w:rStyle w:val="PlaceholderText"/></w:rPr><w:t>Click here</w:t></w:r></w:p>'
    )
    body = paragraph("Fees", style="Heading1") + placeholder + paragraph("Versiche\xadrung")

    assert extract("a.docx", make_word(body)) == [Section("Fees", ("Versicherung",))]


def test_names_of_parts_with_backslashes() -> None:
    document = f"<w:document {NAMESPACES}><w:body>{paragraph('Found.')}</w:body></w:document>"

    assert read_lines(make_zip({"word\\document.xml": document}), "a.docx") == ["Found."]


@pytest.mark.parametrize("name", ["a.docx", "a.pptx"])
def test_strict_namespaces_and_relationships(name: str) -> None:
    chart = {"charts/chart1.xml": CHART}
    if name == "a.docx":
        drawing = '<w:p><w:r><w:drawing><c:chart r:id="c"/></w:drawing></w:r></w:p>'
        formula = math(term("E = mc"))
        data = make_word(paragraph("Text") + drawing + formula, chart, {"c": "chart charts/chart1.xml"})
        expected = [
            "Text",
            "Boats a year",
            "March · 2024: 15.6 % · 2025: 417",
            "April · 2024: 20 %",
            "E = mc",
        ]
    else:
        data = make_slides(shape(run("Text")))
        expected = ["Text"]

    assert read_lines(make_strict(data), name) == expected
