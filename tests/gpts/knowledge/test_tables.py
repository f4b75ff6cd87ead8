"""Tables: the format of numbers, heads and titles, merged and hidden cells, and the dialects of CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font

from gpts.knowledge.extraction import Remark, RemarkCode
from gpts.knowledge.extraction.tables.number_format import format_number
from tests.support.extraction import read_here


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ("123456789.55", "", "123456789.55"),
        ("9876543210.120001", "General", "9876543210.12"),
        ("0.1", "", "0.1"),
        ("-0.10", "", "-0.1"),
        ("007", "", "7"),
        ("-12", "General", "-12"),
        ("0.30000000000000004", "", "0.3"),
        ("1e-7", "", "0.0000001"),
        ("1e25", "", "1E25"),
        ("12345678901234567890", "", "12345678901234567890"),
        ("5", "@", "5"),
        ("no number", "0.0", "no number"),
        ("0.156", "0.0%", "15.6%"),
        ("0.156", "0%", "15.6%"),
        ("0.5", "0%", "50%"),
        ("0.33333333", "0%", "33%"),
        ("1067", "00000", "01067"),
        ("7", "000", "007"),
        ("5551234567", "(000) 000-0000", "(555) 123-4567"),
        ("1234.5", "#,##0.00", "1,234.50"),
        ("1234.5", '#,##0.00 "€"', "1,234.50 €"),
        ("1234.5", '"€"#,##0.00', "€1,234.50"),
        ("1234.5", "[$$-409]#,##0.00", "$1,234.50"),
        ("1234567", "#,##0", "1,234,567"),
        ("1234567", "# ##0", "1234567"),
        ("19.99", "0", "19.99"),
        ("19.987654", "0.00", "19.99"),
        ("2.5", "#.##", "2.5"),
        ("1234567", '0.0,,"M"', "1.2M"),
        ("-5", "0;(0)", "(5)"),
        ("-5", "0.0", "-5.0"),
        ("-0.2", "0", "-0.2"),
        ("0", '0;-0;"none"', "none 0"),
        ("0", '#,##0;-#,##0;"-"', "-"),
        ("-3", "#,##0;[Red]-#,##0", "-3"),
        ("0", '_("$"* "-"??_)', "$-"),
        ("5", '[<10]"few "0;"many "0', "few 5"),
        ("50", '[<10]"few "0;"many "0', "many 50"),
        ("1234", "0.00E+00", "1.23E+3"),
        ("2.75", "# ?/?", "2 3/4"),
        ("0.5", "# ?/?", "1/2"),
        ("3", "# ?/?", "3"),
        ("2.3", "# ?/4", "2 1/4"),
        ("5", ";;;", ""),
        ("5", '0 "kg"', "5 kg"),
        ("5", "0\\ \\k\\g", "5 kg"),
        ("46023", "yyyy-mm-dd", "2026-01-01"),
        ("46023", "d. mmmm yyyy", "2026-01-01"),
        ("46023.5", "yyyy-mm-dd", "2026-01-01 12:00"),
        ("46023.75", "dd.mm.yyyy hh:mm", "2026-01-01 18:00"),
        ("0.75", "h:mm AM/PM", "18:00"),
        ("0.75001", "h:mm:ss", "18:00:01"),
        ("1.5", "[h]:mm", "36:00"),
        ("1.5", "[mm]:ss", "2160:00"),
        ("1.5", "[ss]", "129600"),
        ("0.001", "mm:ss.0", "00:01:26"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("-1", "yyyy-mm-dd", "-1"),
        ("1e9", "yyyy", "1000000000"),
        ("46023", 'yyyy"年"m"月"d"日"', "2026-01-01"),
        ("46023", "[$-411]ggge.m.d", "2026-01-01"),
    ],
)
def test_a_number_is_shown_in_its_format(text: str, code: str, shown: str) -> None:
    assert format_number(text, code) == shown


def test_days_of_a_workbook_that_counts_from_1904() -> None:
    assert format_number("44561", "yyyy-mm-dd", is_1904=True) == "2026-01-01"


@pytest.mark.parametrize(
    "code",
    [
        "[",
        '"',
        "\\",
        "_",
        "*",
        "0" * 300,
        "[>",
        ";;;;;;;;",
        "#" * 200,
        "/",
        "?/",
        "E+",
        ",",
        ",0,",
        "%%",
        "[h",
    ],
)
@pytest.mark.parametrize("text", ["0", "-1.5", "1e300", "1e-300", "NaN", "Infinity", "9" * 500, ""])
def test_no_format_fails(text: str, code: str) -> None:
    assert isinstance(format_number(text, code), str)


def make(build: Callable[[Any], None]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "S"
    build(sheet)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def append(*rows: list[Any]) -> Callable[[Any], None]:
    def build(sheet: Any) -> None:
        for row in rows:
            sheet.append(row)

    return build


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        # Titles and notes above the head.
        (
            [["Prices 2026"], ["Source: depot"], ["Part", "Price"], ["Bolt", 5]],
            [("S › Prices 2026", "Source: depot"), ("S › Prices 2026", "Part: Bolt\nPrice: 5")],
        ),
        (
            [
                ["Report"],
                ["Date", "2026-01-02"],
                [],
                ["Part", "Bin", "Shelf", "Count"],
                ["Bolt", "K4", "1", 5],
            ],
            [("S › Report", "Date · 2026-01-02"), ("S › Report", "Part: Bolt\nBin: K4\nShelf: 1\nCount: 5")],
        ),
        # Heads of years, sizes and several rows.
        (
            [["Region", 2024, 2025], ["North", 2001, 2002.5]],
            [("S", "Region: North\n2024: 2001\n2025: 2002.5")],
        ),
        ([["", 36, 37, 38], ["Boot", 3, 0, 4]], [("S", "Boot\n36: 3\n37: 0\n38: 4")]),
        (
            [["Model", "Price", None], [None, "net", "gross"], ["Boot", 5, 6]],
            [("S", "Model: Boot\nPrice net: 5\nPrice gross: 6")],
        ),
        # No head.
        ([["North", 10, 20], ["South", 11, 21]], [("S", "North\n10\n20"), ("S", "South\n11\n21")]),
        ([["Born", 1990], ["Left", 2020]], [("S", "Born\n1990"), ("S", "Left\n2020")]),
        ([["Name:", "Acme"], ["City:", "Paris"]], [("S", "Name:\nAcme"), ("S", "City:\nParis")]),
        ([["One"], ["Two"]], [("S", "One"), ("S", "Two")]),
        ([["Part", "Bin"]], [("S", "Part · Bin")]),
        # Tables below each other, and rows that go on behind an empty one.
        (
            [["Part", "Count"], ["Bolt", 5], [], ["Nut", 6]],
            [("S", "Part: Bolt\nCount: 5"), ("S", "Part: Nut\nCount: 6")],
        ),
        (
            [["Part", "Count"], ["Bolt", 5], [], ["Staff"], ["Name", "Age"], ["Ann", 41]],
            [("S", "Part: Bolt\nCount: 5"), ("S › Staff", "Name: Ann\nAge: 41")],
        ),
        (
            [["Part", "Count"], ["Bolt", 5], [], ["Name", "Age", "Town"], ["Ann", 41, "Ayr"]],
            [("S", "Part: Bolt\nCount: 5"), ("S", "Name: Ann\nAge: 41\nTown: Ayr")],
        ),
        # Tables beside each other: with titles of their own, and in the same rows.
        (
            [
                ["Stock", None, None, "Staff"],
                ["Part", "Count", None, "Name", "Age"],
                ["Bolt", 5, None, "Ann", 41],
                [None, None, None, "Bob", 39],
            ],
            [
                ("S › Stock", "Part: Bolt\nCount: 5"),
                ("S › Staff", "Name: Ann\nAge: 41"),
                ("S › Staff", "Name: Bob\nAge: 39"),
            ],
        ),
        (
            [["Part", "Count", None, "Name", "Age"], ["Bolt", 5, None, "Ann", 41]],
            [("S", "Part: Bolt\nCount: 5\nName: Ann\nAge: 41")],
        ),
        # A head that is repeated on each page.
        (
            [["Part", "Count"], ["Bolt", 5], ["Part", "Count"], ["Nut", 6]],
            [("S", "Part: Bolt\nCount: 5"), ("S", "Part: Nut\nCount: 6")],
        ),
    ],
)
def test_heads_titles_and_blocks(rows: list[list[Any]], found: list[tuple[str, str]]) -> None:
    assert read_here("a.xlsx", make(append(*rows)))[0] == found


def test_merged_cells_are_repeated() -> None:
    def build(sheet: Any) -> None:
        append(
            ["Day", "Mon", "Tue"],
            ["Morning", "closed", None],
            ["Evening", "open", "open"],
            ["Note: ask", None, None],
        )(sheet)
        sheet.merge_cells("B2:C2")
        sheet.merge_cells("A4:C4")

    assert [text for _heading, text in read_here("a.xlsx", make(build))[0]] == [
        "Day: Morning\nMon: closed\nTue: closed",
        "Day: Evening\nMon: open\nTue: open",
        "Note: ask",
    ]


def test_a_bold_row_of_numbers_is_a_head() -> None:
    def build(sheet: Any) -> None:
        append(["Size", 10, 25], ["Bolt", 1, 2], ["Nut", 3, 4])(sheet)
        for cell in sheet[1]:
            cell.font = Font(bold=True)

    assert [text for _heading, text in read_here("a.xlsx", make(build))[0]] == [
        "Size: Bolt\n10: 1\n25: 2",
        "Size: Nut\n10: 3\n25: 4",
    ]


def test_hidden_rows_and_columns_are_left_out_with_a_remark() -> None:
    def build(sheet: Any) -> None:
        append(["Part", "Margin", "Price"], ["Bolt", 83, 5], ["Secret", 90, 6], ["Nut", 70, 7])(sheet)
        sheet.column_dimensions["B"].hidden = True
        sheet.row_dimensions[3].hidden = True
        sheet["A3"].comment = Comment("hidden note", "me")
        sheet["A4"].comment = Comment("seen", "me")

    found, remarks = read_here("a.xlsx", make(build))

    assert found == [
        ("S", "Part: Bolt\nPrice: 5"),
        ("S", "Part: Nut\nPrice: 7"),
        ("S › Comments", "Nut (A4): seen"),
    ]
    assert remarks == [
        Remark(RemarkCode.HIDDEN_ROWS, names=("S",)),
        Remark(RemarkCode.HIDDEN_COLUMNS, names=("S",)),
    ]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("a;b\n1,5;2\n2,5;3\n", ["a: 1,5\nb: 2", "a: 2,5\nb: 3"]),
        ("a|b\nx, y|z\n", ["a: x, y\nb: z"]),
        ("a\tb\nx, y\tz\n", ["a: x, y\nb: z"]),
        ('a,b\n"x, ""y""",z\n', ['a: x, "y"\nb: z']),
        ('a,b\n5" pipe,z\n', ['a: 5" pipe\nb: z']),
        ('a,b\n"5 inch,z\nElbow,w\n', ['a: "5 inch\nb: z', "a: Elbow\nb: w"]),
        ('a,b\n"5" inch,z\nElbow,w\n', ['a: "5" inch\nb: z', "a: Elbow\nb: w"]),
        ("city\nParis\nLyon, France\nRome\n", ["city: Paris", "city: Lyon, France", "city: Rome"]),
        ("Export of 2026\n\nPart,Bin\nBolt,K4\n", ["Part: Bolt\nBin: K4"]),
        ("sep=,\na,b\n1,2\n", ["a: 1\nb: 2"]),
        ("a,b\r\n1,2\r\n3\r\n", ["a: 1\nb: 2", "a: 3"]),
        ("Name,2023,2024\nx,1,2\n", ["Name: x\n2023: 1\n2024: 2"]),
        ("id,when\n1,2026-01-02\n", ["id: 1\nwhen: 2026-01-02"]),
    ],
)
def test_csv(text: str, texts: list[str]) -> None:
    assert [part for _heading, part in read_here("a.csv", text.encode())[0]] == texts


def test_a_huge_cell_is_read_and_the_limit_of_other_readers_stays() -> None:
    before = csv.field_size_limit()
    parts = read_here("a.csv", b'name,text\nAnn,"' + b"word " * 40_000 + b'"\n')[0]
    assert sum(text.count("word") for _heading, text in parts) == 40_000
    assert csv.field_size_limit() == before


def test_a_tab_separated_cell_over_two_lines() -> None:
    assert read_here("a.tsv", b'a\tb\n"x\ny"\tz\n')[0] == [("", "a: x y\nb: z")]


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.xls", b"<html><table><tr><td>Bolt</td><td>K4</td></tr></table></html>", "Bolt \u00b7 K4"),
        ("a.xls", b"Part\tBin\nBolt\tK4\n", "Part: Bolt\nBin: K4"),
        ("a.xls", b"Part,Bin\nBolt,K4\n", "Part: Bolt\nBin: K4"),
        ("a.xls", make(append(["Part", "Bin"], ["Bolt", "K4"])), "Part: Bolt\nBin: K4"),
        ("a.doc", rb"{\rtf1 Bolt}", "Bolt"),
        ("a.doc", b"<html><body><p>Bolt</p></body></html>", "Bolt"),
        ("a.doc", b"MIME-Version: 1.0\nContent-Type: text/html\n\n<p>Bolt</p>\n", "Bolt"),
    ],
)
def test_an_old_name_on_another_content(name: str, data: bytes, found: str) -> None:
    assert read_here(name, data)[0][-1][1] == found


def test_text_boxes_stand_behind_the_rows_of_their_sheet() -> None:
    import zipfile

    drawing = (
        '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"'
        ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:sp><xdr:txBody>'
        "<a:p><a:r><a:t>Ask the </a:t></a:r><a:r><a:t>gate</a:t></a:r></a:p>"
        "<a:p><a:r><a:t>first</a:t></a:r></a:p>"
        "</xdr:txBody></xdr:sp></xdr:wsDr>"
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="d" Type="x/drawing" Target="../drawings/d.xml"/></Relationships>'
    )
    out = BytesIO(make(append(["Part", "Bin"], ["Bolt", "K4"])))
    with zipfile.ZipFile(out, "a") as book:
        book.writestr("xl/drawings/d.xml", drawing)
        book.writestr("xl/worksheets/_rels/sheet1.xml.rels", relations)

    found = read_here("a.xlsx", out.getvalue())[0]

    assert found == [("S", "Part: Bolt\nBin: K4"), ("S", "Ask the gate\nfirst")]
