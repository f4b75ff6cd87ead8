"""Files as people have them, each with what must be read of it. The files are in ``inputs/``."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpts.knowledge.extraction import Remark, RemarkCode, UnreadableError, get_media_type
from tests.support.extraction import read_here

INPUTS = Path(__file__).parent / "inputs"
PARTS = ["Part: Bolt\nBin: K4\nStock: 12", "Part: Nut\nBin: K5\nStock: 7"]
KOREAN = "창고는 오전 일곱 시에 문을 엽니다. 열쇠는 정문에서 받으십시오. 주말에는 닫습니다."
POLISH = "Święta: łódź żeglarska kosztuje sześć złotych za godzinę."
DEPOT = [
    ("Depot rules", "The depot opens at seven. Größe 仓库 倉庫 склад."),
    ("Depot rules › Gate", "Code 4417 applies on weekdays."),
    ("Depot rules › Gate", "Part · Bin"),
    ("Depot rules › Gate", "Bolt · K4"),
    ("Depot rules › Gate", "Nut · K5"),
    ("Depot rules › Gate", "Last words."),
]
STOCK = [
    (
        "Stock › Stock list 2026",
        "Part: Bolt\nBin: K4\nShare: 15.6%\nSince: {0}\nPostcode: 01067\nPrice: 1,234.50 €",
    ),
    (
        "Stock › Stock list 2026",
        "Part: Nut\nBin: K5\nShare: 50.0%\nSince: {1}\nPostcode: 00099\nPrice: 20.00 €",
    ),
    ("Stock › Stock list 2026", "Part: Sum\nShare: {2}"),
    ("Stock › Comments", "Bolt (A4): Torque twelve"),
    ("Groups", "Region: North\n2024 Q1: 1\n2024 Q2: 2\n2025 Q1: 3\n2025 Q2: 4"),
    ("Groups", "Region: South\n2024 Q1: 5\n2024 Q2: 6\n2025 Q1: 7\n2025 Q2: 8"),
]


def read_file(name: str) -> tuple[list[tuple[str, str]], list[Remark]]:
    return read_here(name, (INPUTS / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        # Written by programs that say that the sheet has one cell.
        ("wps_dimension.xlsx", PARTS),
        (
            "year_columns.xlsx",
            [
                f"Region: {name}\n2023: {n}\n2024: {n + 10}\n2025: {n + 20}"
                for name, n in (("North", 10), ("South", 11))
            ],
        ),
        (
            "merged_group.xlsx",
            [
                f"Hall: East\nShelf: {n}\nGood: {good}"
                for n, good in enumerate(("Rope", "Chain", "Anchor"), 1)
            ],
        ),
        (
            "big_decimals.xlsx",
            ["Account: Reserve\nBalance: 123456789.55", "Account: Fund\nBalance: 9876543210.12"],
        ),
        (
            "number_formats.xlsx",
            ["Name: Ayr\nShare: 15.6%\nPrice: €1,234.50\nPostcode: 01067\nDuration: 36:00"],
        ),
        ("cell_comment.xlsx", [*PARTS, "Bolt (A2): Torque twelve newton metres"]),
        (
            "formula_uncached.xlsx",
            ["Item: Chart fee\nNet: 100\nGross: =B2*1.19", "Item: Pilot fee\nNet: 200\nGross: =B3*1.19"],
        ),
        ("hidden_sheet.xlsx", PARTS),
        (
            "multiline_semicolon.csv",
            [
                "Question: When do you open?\nAnswer: At seven, on weekdays, at nine, on Saturdays,"
                " never, on Sundays",
                "Question: Where?\nAnswer: Dock 4, hall B, left",
            ],
        ),
        ("sep_line.csv", ["Part: Bolt\nPrice: 5", "Part: Nut\nPrice: 3"]),
        (
            "tsv_quote.tsv",
            ['Item: "5 inch pipe\nSize: large', "Item: Elbow\nSize: small", "Item: Valve\nSize: medium"],
        ),
        ("sjis_kanji.csv", ["氏名: 山本一郎\n年齢: 30\n住所: 京都", "氏名: 高橋花子\n年齢: 25\n住所: 奈良"]),
        ("euckr_declared.htm", ["t", KOREAN]),
        ("euckr.txt", [KOREAN]),
        ("latin2_declared.htm", ["t", POLISH]),
        ("latin2.txt", [POLISH]),
        ("utf16le_nobom.txt", ["The depot opens at seven."]),
        ("nav_unclosed.html", ["Home", "The depot opens at seven."]),
        ("pre_code.html", ["def berth(n):\n    if n > 3:\n        return None\n    return n"]),
        ("nan.json", ["The depot opens at seven."]),
        ("trailing.jsonl", ["a: The depot opens at seven.", "a: third row kept"]),
        ("README", ["The depot opens at seven."]),
        ("Dockerfile", ["FROM scratch\n# depot opens at seven"]),
    ],
)
def test_a_file_is_read_as_people_see_it(name: str, texts: list[str]) -> None:
    assert [text for _heading, text in read_file(name)[0]] == texts


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "title_row.xlsx",
            [
                ("Sheet › Stock list November", "Part: Bolt\nBin: K4\nCount: twelve"),
                ("Sheet › Stock list November", "Part: Nut\nBin: K5\nCount: seven"),
            ],
        ),
        ("front_matter.md", [("Harbour rules › Hours", "Open at seven.")]),
        ("setext.md", [("Opening hours", "Open at seven."), ("Opening hours › Parking", "Behind hall B.")]),
        ("html_comment.md", [("A", "Price 9.")]),
        (
            "heading_only.md",
            [("Rules", "Gate code 4417 applies on weekdays"), ("Rules › Parking", "Behind hall B.")],
        ),
        ("note.ipynb", [("Depot", "Opens at seven.")]),
        ("depot.rtf", DEPOT),
        ("depot.odt", DEPOT),
        (
            "numbered.odt",
            [
                ("Harbour rules", text)
                for text in (
                    "1. Open the gate",
                    "Only by day.",
                    "2. Check the berth",
                    "2.1. Depth",
                    "2.2. Width",
                    "a) at the bow",
                    "b) at the stern",
                    "3. Pay",
                    "In between.",
                    "4. Leave",
                    "4.1. Untie",
                    "Rope",
                    "Chain",
                    "1. Begin anew",
                    "10. Skip to ten",
                    "11. Go on",
                    "Articles",
                    "第九条 泊位",
                    "第十条 费用",
                )
            ],
        ),
        ("depot.doc", DEPOT),
        ("depot.odp", [("Depot hours", "Opens at seven, Größe 仓库"), ("Gate", "Code 4417")]),
        (
            "stock.xls",
            [(heading, text.format("2026-01-02", "2026-03-04", "0.656")) for heading, text in STOCK],
        ),
        (
            "stock.ods",
            [(heading, text.format("02.01.2026", "04.03.2026", "65.60%")) for heading, text in STOCK],
        ),
        (
            "stock.xlsb",
            [
                ("Stock", "Part: Bolt\nBin: K4\nShare: 0.156\nSince: 2026-01-02"),
                ("Stock", "Part: Nut\nBin: 仓库\nShare: 12345678.5\nSince: 2026-03-04 12:30"),
                ("Stock", "Part: X\nBin: TRUE\nShare: 7"),
            ],
        ),
    ],
)
def test_a_file_is_read_under_its_headings(name: str, found: list[tuple[str, str]]) -> None:
    assert read_file(name)[0] == found


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("hidden_sheet.xlsx", Remark(RemarkCode.HIDDEN_SHEETS, names=("Secret margins",))),
        ("stock.xls", Remark(RemarkCode.HIDDEN_SHEETS, names=("Secret",))),
        ("stock.ods", Remark(RemarkCode.HIDDEN_SHEETS, names=("Secret",))),
        ("stock.xls", Remark(RemarkCode.HIDDEN_ROWS, names=("Stock",))),
        ("stock.ods", Remark(RemarkCode.HIDDEN_ROWS, names=("Stock",))),
        ("wide_600.xlsx", Remark(RemarkCode.COLUMNS_LEFT_OUT, count=600, limit=500, names=("Sheet",))),
        (
            "formula_uncached.xlsx",
            Remark(RemarkCode.FORMULAS_WITHOUT_VALUE, count=2, names=("Sheet",), counts=(2,)),
        ),
        ("trailing.jsonl", Remark(RemarkCode.LINES_UNREADABLE, ranges=((2, 2),))),
        ("utf8_bad_latin.md", Remark(RemarkCode.CHARACTERS_REPLACED)),
        ("euckr.txt", Remark(RemarkCode.CHARSET_GUESSED, names=("cp949",))),
    ],
)
def test_what_was_left_out_is_said(name: str, remark: Remark) -> None:
    assert remark in read_file(name)[1]


def test_a_declared_charset_and_a_whole_file_need_no_remark() -> None:
    for name in ("euckr_declared.htm", "wps_dimension.xlsx", "front_matter.md", "sep_line.csv"):
        assert read_file(name)[1] == []


def test_one_foreign_byte_does_not_change_the_others() -> None:
    found = read_file("utf8_bad_latin.md")[0]

    assert found[0] == ("Café", "The naïve résumé is kept at the façade. # Café")
    assert found[-1][1].endswith("caf\ufffd old line")


def test_a_large_cell_and_the_row_behind_it_are_read() -> None:
    cell = "word " * 60_000
    found = read_here("big.csv", f'id,body\n1,"{cell}"\n2,second row kept\n'.encode())[0]

    assert "".join(text for _heading, text in found).count("word") == 60_000
    assert found[-1][1] == "id: 2\nbody: second row kept"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("report.pages", "save_as_docx"),
        ("plan.numbers", "save_as_xlsx"),
        ("talk.key", "save_as_pptx"),
        ("book.mobi", "save_as_pdf"),
        ("all.zip", "unpack"),
        ("sheet.xlsm", "macros"),
        ("a.png", "picture"),
        ("a.mp3", "recording"),
        ("a.exe", "unknown_type"),
        ("a.xyz", "unknown_type"),
    ],
)
def test_a_kind_that_cannot_be_read_is_refused_with_advice(name: str, code: str) -> None:
    with pytest.raises(UnreadableError) as problem:
        get_media_type(name)

    assert problem.value.code == code


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("README", "text/plain"),
        ("readme.zh", "text/plain"),
        ("LICENSE", "text/plain"),
        ("Makefile", "text/x-code"),
        ("Dockerfile.dev", "text/x-code"),
        (".gitignore", "text/x-code"),
        ("a.ndjson", "application/jsonl"),
        ("a.tar.ts", "text/x-code"),
        ("A.LOG", "text/plain"),
        ("server.ini", "text/x-code"),
        ("x.vue", "text/x-code"),
    ],
)
def test_the_type_of_a_name(name: str, media_type: str) -> None:
    assert get_media_type(name) == media_type
