"""Presentations: slides as they are shown, with notes, charts and diagrams; hidden ones are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpts.knowledge.extraction import Remark, RemarkCode, Section, extract, iter_sections
from tests.support.extraction import read_lines, read_remarks
from tests.support.knowledge_files import A, P
from tests.support.word_files import CHART, DIAGRAM, KINDS, make_slides, run, shape

INPUTS = Path(__file__).parent / "inputs"


def test_public_reports_are_read_right() -> None:
    chart, lines = ((INPUTS / name).read_bytes() for name in ("chart.pptx", "line_break.pptx"))

    assert extract("a.pptx", chart) == [Section("Arrivals", ("March · Boats: 417", "April · Boats: 533"), 1)]
    assert extract("a.pptx", lines) == [Section("Harbour Rules", ("Open at seven Closed on Sunday",), 1)]


def test_a_hidden_slide_is_left_out_and_one_of_pictures_noted() -> None:
    data = make_slides(shape(run("Old prices")), shape(run("New prices")), "<p:pic/>", heads='show="0"')
    remarks: list[Remark] = []

    sections = list(iter_sections("a.pptx", data, take_remark=remarks.append))

    assert sections == [Section("", ("New prices",), 2)]
    assert remarks == [
        Remark(RemarkCode.HIDDEN_SLIDES, 1, 0, ((1, 1),)),
        Remark(RemarkCode.SLIDES_WITHOUT_TEXT, 1, 0, ((3, 3),)),
    ]


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("arabicPeriod", ["1. a", "2. b", "3. c"]),
        ("alphaLcParenBoth", ["(a) a", "(b) b", "(c) c"]),
        ("romanUcParenR", ["I) a", "II) b", "III) c"]),
        ("ea1ChsPeriod", ["一. a", "二. b", "三. c"]),
        ("circleNumDbPlain", ["① a", "② b", "③ c"]),
    ],
)
def test_automatic_numbers_are_counted(kind: str, labels: list[str]) -> None:
    mark = f'<a:pPr><a:buAutoNum type="{kind}"/></a:pPr>'
    inner = '<a:pPr lvl="1"/>' + run("inner")

    numbered = [mark + run(letter) for letter in "abcd"]
    data = make_slides(shape(*numbered[:2], inner, numbered[2], run("plain"), numbered[3]))

    assert read_lines(data, "a.pptx") == [*labels[:2], "inner", labels[2], "plain", f"{labels[0][:-1]}d"]


def test_what_older_programs_see_is_not_read_a_second_time() -> None:
    def choose(new: str, old: str) -> str:
        return (
            f"<mc:AlternateContent><mc:Choice>{new}</mc:Choice><mc:Fallback>{old}</mc:Fallback>"
            "</mc:AlternateContent>"
        )

    both = choose(shape(run("Once")), shape(run("Once")))
    formula = choose("<m:oMath><m:r><m:t>F = ma</m:t></m:r></m:oMath>", run("?"))

    assert read_lines(make_slides(both + shape(run("So ") + formula)), "a.pptx") == ["Once", "So F = ma"]


def test_merged_cells_line_breaks_and_control_characters() -> None:
    def cell(text: str, attributes: str = "") -> str:
        return f"<a:tc {attributes}><a:txBody><a:p>{run(text) if text else ''}</a:p></a:txBody></a:tc>"

    first, second = cell("North", "rowSpan='2'"), cell("", "vMerge='1'")
    table = (
        f"<a:tr>{first}{cell('a')}</a:tr><a:tr>{second}{cell('b')}</a:tr><a:tr>{cell('')}{cell('c')}</a:tr>"
    )
    frame = f"<p:graphicFrame><a:graphic><a:tbl>{table}</a:tbl></a:graphic></p:graphicFrame>"
    title = shape(run("One_x000B_Two") + "<a:br/>" + run("Three"), kind="title")

    assert extract("a.pptx", make_slides(title + frame)) == [
        Section("One Two Three", ("North · a", "North · b", "c"), 1)
    ]


def test_charts_diagrams_notes_comments_and_objects() -> None:
    frame = "<p:graphicFrame><a:graphic><a:graphicData>{}</a:graphicData></a:graphic></p:graphicFrame>"
    shapes = (
        shape(run("Year"), kind="title")
        + frame.format('<c:chart r:id="c"/>')
        + frame.format('<dgm:relIds r:dm="d"/>')
        + frame.format('<p:oleObj progId="Excel.Sheet.12"/>')
    )
    links = "".join(
        f'<Relationship Id="{identifier}" Type="{KINDS}/{kind}" Target="../{target}"/>'
        for identifier, kind, target in (
            ("c", "chart", "charts/chart1.xml"), ("d", "diagramData", "diagrams/data1.xml"),
            ("n", "notesSlide", "notesSlides/notesSlide1.xml"), ("m", "comments", "comments/comment1.xml"),
        )
    )  # fmt: skip
    note = shape(run("Speak slowly."))
    parts = {
        "charts/chart1.xml": CHART,
        "diagrams/data1.xml": DIAGRAM,
        "notesSlides/notesSlide1.xml": f'<p:notes xmlns:p="{P}" xmlns:a="{A}">{note}</p:notes>',
        "comments/comment1.xml": f'<p:cmLst xmlns:p="{P}"><p:cm><p:text>Check it.</p:text></p:cm></p:cmLst>',
    }
    data = make_slides(shapes, parts=parts, relations=links)

    assert extract("a.pptx", data) == [
        Section(
            "Year",
            (
                "Boats a year", "March · 2024: 15.6 % · 2025: 417", "April · 2024: 20 %", "Moor", "Pay",
                "Speak slowly.", "Check it.",
            ),
            1,
        )
    ]  # fmt: skip
    assert read_remarks(data, "a.pptx") == [
        Remark(RemarkCode.COMMENTS_READ, 1),
        Remark(RemarkCode.EMBEDDED_FILES, 1, 0, (), ("Excel.Sheet.12",)),
    ]
