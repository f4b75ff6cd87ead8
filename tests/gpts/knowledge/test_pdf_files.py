"""PDF: forms and comments, scanned pages, text set wide or in columns, divided words, broken files."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpts.knowledge import text_recognition
from gpts.knowledge.extraction import Remark, RemarkCode, Section, UnreadableError, extract, read_file
from gpts.knowledge.extraction.pdf.printed_lines import Vocabulary, close_wide_text, join_divided_words
from gpts.knowledge.extraction.recognition import Engine, list_languages
from tests.support.extraction import read_lines, read_remarks
from tests.support.knowledge_files import make_pdf
from tests.support.pdf_files import draw, make_pages, make_picture, stream

INPUTS = Path(__file__).parent / "inputs"
PDF = "application/pdf"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "form_values.pdf",
            ["Berth order Boat name: Pilot wanted", "boat: Seeadler", "pilot: ☒", "port: Oban"],
        ),
        (
            "hyphens.pdf",
            [
                "The well-known co-operation of the harbour authorities began early and went on for many"
                " years after that time."
            ],
        ),
        ("mixed_scan.pdf", ["Page one is typed text about the depot.", "Page three is typed again."]),
        ("spaced_chinese.pdf", ["仓库的开门时间是早上七点"]),
        ("junk_before.pdf", ["The depot opens at seven."]),
        ("truncated.pdf", ["The depot opens at seven."]),
        (
            "two_columns.pdf",
            [
                "Left column begins here and goes on about the ropes that are kept in hall A.",
                "Right column begins there and goes on about the chains that are kept in hall B.",
            ],
        ),
    ],
)
def test_a_public_report_is_read_right(name: str, lines: list[str]) -> None:
    assert read_lines((INPUTS / name).read_bytes(), "a.pdf") == lines


@pytest.mark.parametrize("name", ["junk_before.pdf", "truncated.pdf"])
def test_a_repaired_file_says_so(name: str) -> None:
    assert read_remarks((INPUTS / name).read_bytes(), "a.pdf") == [Remark(RemarkCode.FILE_REPAIRED)]


def test_a_file_that_was_cut_before_its_catalog_gives_the_pages_that_are_there() -> None:
    data = make_pdf("First page.", "Second page.")
    objects = data[data.index(b"3 0 obj") : data.index(b"xref")]

    assert read_lines(b"%PDF-1.7\n" + objects, "a.pdf") == ["First page.", "Second page."]


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"x" * 3000 + b"%PDF-1.7\n/Type /Page /Type /Catalog obj"])
def test_a_file_without_pages_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError) as problem:
        extract("a.pdf", data)

    assert problem.value.code == "malformed"


def divide(text: str, seen: str = "") -> str:
    vocabulary = Vocabulary()
    vocabulary.add(f" {seen} ")
    return join_divided_words(text.replace("|", "\x02\r\n"), vocabulary)


@pytest.mark.parametrize(
    ("text", "seen", "joined"),
    [
        ("authori|ties", "", "authorities"),
        ("well|known", "", "well-known"),
        ("sun|flower", "", "sunflower"),
        ("time|based", "", "time-based"),
        ("short|age", "", "shortage"),
        ("hard|ware", "", "hardware"),
        ("co|operation", "", "co-operation"),
        ("co|alition", "", "coalition"),
        ("harbour|master", "the harbour and its master", "harbour-master"),
        ("harbour|master", "the harbour, its master, the harbourmaster", "harbourmaster"),
        ("e|mail", "an e-mail", "e-mail"),
        ("ABC|77", "", "ABC-77"),
        ("2020|2021", "", "2020-2021"),
        ("Baden|Württemberg", "", "Baden-Württemberg"),
        ("INTER|NATIONAL", "", "INTERNATIONAL"),
        ("Haus|und Garten", "", "Haus- und Garten"),
        ("Versiche|rung", "", "Versicherung"),
        ("end|", "", "end-"),
        ("Versiche\xadrung und Haus\xad\r\nrat", "", "Versicherung und Hausrat"),
    ],
)
def test_words_divided_at_line_ends(text: str, seen: str, joined: str) -> None:
    assert divide(text, seen) == joined


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("仓 库 的 开 门 时 间", "仓库的开门时间"),
        ("目 录", "目录"),
        ("第 一 条 ， 甲 方", "第一条，甲方"),
        ("そ う こ は 開 く", "そうこは開く"),
        ("张三 李四 王五", "张三 李四 王五"),
        ("姓名 部门 电话 13800000000", "姓名 部门 电话 13800000000"),
        ("使用 WMS 系统", "使用 WMS 系统"),
        ("a b c d", "a b c d"),
        ("가 나 다", "가 나 다"),
    ],
)
def test_spaces_between_chinese_characters_set_wide(text: str, closed: str) -> None:
    assert close_wide_text(text) == closed


@pytest.mark.parametrize("gap", ["displaced", "spaces"])
def test_columns_of_lines_that_are_drawn_in_one_go(gap: str) -> None:
    left = ["Left column begins here and", "goes on about the ropes that", "are kept in hall A."]
    right = ["Right column begins there and", "goes on about the chains that", "are kept in hall B."]
    shows = {
        "displaced": lambda one, two: f"[({one}) {-83 * (248 - len(one) * 5.6):.0f} ({two})] TJ",
        "spaces": lambda one, two: f"({one:<60}{two}) Tj",
    }
    lines = [
        f"BT /F1 12 Tf 1 0 0 1 72 {700 - 14 * row} Tm {shows[gap](one, two)} ET"
        for row, (one, two) in enumerate(zip(left, right, strict=True))
    ]

    found = read_lines(make_pages("\n".join(lines).encode()), "a.pdf")

    assert found == [" ".join(left), " ".join(right)]


TABLE = [
    ("Name of the tenant company", "Address of the tenant company"),
    ("Harbour Boats and Sons Ltd", "14 Long Pier Street, Mallaig"),
    ("Northern Rope Works Company", "2 Castle Hill Road, Stornoway"),
    ("Island Ferries of the West", "Ferry Terminal Building, Oban"),
]


def test_a_table_drawn_row_by_row_stays_row_by_row() -> None:
    cells = [
        (x, 700 - 14 * row, text)
        for row, pair in enumerate(TABLE)
        for x, text in zip((72, 320), pair, strict=True)
    ]

    (text,) = read_lines(make_pages(draw(cells)), "a.pdf")

    assert text.index("14 Long Pier") < text.index("Northern Rope Works")


def test_columns_drawn_one_after_the_other_and_short_cells_are_left_alone() -> None:
    left = [(72, 700 - 14 * n, f"left line {n} goes on and on here") for n in range(4)]
    right = [(320, 700 - 14 * n, f"right line {n} goes on and on too") for n in range(4)]
    short = [(x, 700 - 14 * n, text) for n in range(6) for x, text in ((72, f"item {n}"), (320, f"{n} euro"))]

    (columns,) = read_lines(make_pages(draw([*left, *right])), "a.pdf")
    (rows,) = read_lines(make_pages(draw(short)), "a.pdf")

    assert columns.index("left line 3") < columns.index("right line 0")
    assert rows.startswith("item 0 0 euro item 1 1 euro")


def test_three_columns_below_a_title_across_the_page() -> None:
    places = (60, 230, 400)
    body = [
        (
            x,
            660 - 14 * row,
            f"{'abc'[column]}{row} words go on down here"
            if row
            else f"{'ABC'[column]} begins at the very top",
        )
        for row in range(5)
        for column, x in enumerate(places)
    ]
    title = [(60, 700, "A title that stands across all three of the columns of this page")]

    text = " ".join(read_lines(make_pages(draw([*title, *body])), "a.pdf"))

    assert text.startswith("A title that stands")
    assert [text.index(mark) for mark in ("A begins", "a4", "B begins", "b4", "C begins", "c4")] == sorted(
        text.index(mark) for mark in ("A begins", "a4", "B begins", "b4", "C begins", "c4")
    )


FIELD_OBJECTS = {
    100: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (owner) /TU (Name of the owner)"
    b" /V (Ada \\(B\\)) /Rect [0 0 9 9] >>",
    101: b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (paid) /V /Yes /AS /Yes /Rect [0 0 9 9]"
    b" /AP << /N << /Yes 110 0 R /Off 110 0 R >> >> >>",
    102: b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (free) /AS /Off /Rect [0 0 9 9]"
    b" /AP << /N << /Yes 110 0 R /Off 110 0 R >> >> >>",
    103: b"<< /Type /Annot /Subtype /Widget /FT /Ch /Ff 131072 /T (port) /V (ob) /Rect [0 0 9 9]"
    b" /Opt [[(ma) (Mallaig)] [(ob) (Oban)]] >>",
    104: b"<< /Type /Annot /Subtype /FreeText /Contents (Mooring closed) /Rect [0 0 9 9] >>",
    105: b"<< /Type /Annot /Subtype /Text /Contents (Ask Ada first.) /Rect [0 0 9 9] >>",
    106: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (empty) /Rect [0 0 9 9] >>",
    110: stream(b"", "/Type /XObject /Subtype /Form /BBox [0 0 9 9]"),
}  # fmt: skip
FIELDS = [f"{number} 0 R" for number in range(100, 107)]


def test_values_of_forms_and_texts_of_annotations_follow_the_page() -> None:
    form = f"/AcroForm << /Fields [{' '.join([*FIELDS[:4], FIELDS[6]])}] >>"
    data = make_pages(draw([(72, 700, "Order")]), annotations=FIELDS, objects=FIELD_OBJECTS, catalog=form)

    assert read_lines(data, "a.pdf") == [
        "Order", "Name of the owner: Ada (B)", "paid: ☒", "port: Oban", "Mooring closed", "Ask Ada first.",
    ]  # fmt: skip
    assert read_remarks(data, "a.pdf") == [Remark(RemarkCode.COMMENTS_READ)]


def test_pages_of_pictures_are_named_and_empty_ones_are_not() -> None:
    picture = b"q 612 0 0 792 0 0 cm /Im1 Do Q"
    small = b"q 90 0 0 90 0 0 cm /Im1 Do Q"
    data = make_pages(
        draw([(72, 700, "Typed.")]),
        picture,
        b"",
        picture + b"\n" + draw([(72, 20, "Page 4 of 5")]),
        small + b"\n" + draw([(72, 20, "Short but typed.")]),
        objects={100: make_picture()},
        resources="/XObject << /Im1 100 0 R >>",
    )

    assert read_remarks(data, "a.pdf") == [Remark(RemarkCode.PAGES_WITHOUT_TEXT, 2, 0, ((2, 2), (4, 4)))]


def test_files_inside_a_pdf_are_named() -> None:
    names = f"[{' '.join(f'(file {number}.txt) {100 + number} 0 R' for number in range(12))}]"
    files = {
        100 + number: f"<< /Type /Filespec /F (file {number}.txt) /UF (file {number}.txt) >>".encode()
        for number in range(12)
    }
    data = make_pages(
        draw([(72, 700, "Cover")]), objects=files, catalog=f"/Names << /EmbeddedFiles << /Names {names} >> >>"
    )

    (remark,) = read_remarks(data, "a.pdf")

    assert (remark.code, remark.count, remark.names[0]) == (RemarkCode.EMBEDDED_FILES, 12, "file 0.txt")


def recognise(engine: Engine, data: bytes, tmp_path: Path) -> tuple[list[Section], list[Remark]]:
    path = tmp_path / "document"
    path.write_bytes(data)
    remarks: list[Remark] = []
    return list(read_file(path, PDF, take_remark=remarks.append, engine=engine)), remarks


@pytest.fixture
def make_engine(tmp_path: Path) -> Callable[..., Engine]:
    """An engine of a few lines of shell, for what does not depend on recognition itself."""

    def make(script: str, *, pages: int = 10, seconds: int = 60) -> Engine:
        path = tmp_path / "engine"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return Engine(str(path), "eng", pages, seconds)

    return make


def test_a_recognised_page_stands_in_its_place(make_engine: Callable[..., Engine], tmp_path: Path) -> None:
    engine = make_engine(
        "head -c 2; printf ' the harbour authori-\\nties and well-\\nknown\\n\\n仓 库 的 门\\n'"
    )

    sections, remarks = recognise(engine, (INPUTS / "mixed_scan.pdf").read_bytes(), tmp_path)

    assert [(section.page, " ".join(section.paragraphs)) for section in sections] == [
        (1, "Page one is typed text about the depot."),
        (2, "P5 the harbour authorities and well-known 仓库的门"),
        (3, "Page three is typed again."),
    ]
    assert remarks == [Remark(RemarkCode.PAGES_BY_OCR, 1, 0, ((2, 2),))]


def make_scans(count: int) -> bytes:
    return make_pages(
        *[b"q 612 0 0 792 0 0 cm /Im1 Do Q"] * count,
        objects={100: make_picture()},
        resources="/XObject << /Im1 100 0 R >>",
    )


@pytest.mark.parametrize("script", ["exit 3", "kill -9 $$", "cat > /dev/null"])
def test_a_page_on_which_the_engine_fails_is_named(
    script: str, make_engine: Callable[..., Engine], tmp_path: Path
) -> None:
    data = (INPUTS / "mixed_scan.pdf").read_bytes()

    sections, remarks = recognise(make_engine(script), data, tmp_path)

    assert [section.page for section in sections] == [1, 3]
    assert remarks == [Remark(RemarkCode.PAGES_WITHOUT_TEXT, 1, 0, ((2, 2),))]


def test_pages_beyond_the_limits_of_recognition_are_named(
    make_engine: Callable[..., Engine], tmp_path: Path
) -> None:
    two = recognise(make_engine("echo word", pages=2), make_scans(4), tmp_path)[1]
    late = recognise(make_engine("sleep 1.2; echo word", seconds=1), make_scans(3), tmp_path)[1]

    assert two == [
        Remark(RemarkCode.PAGES_BY_OCR, 2, 0, ((1, 2),)),
        Remark(RemarkCode.PAGES_WITHOUT_TEXT, 2, 0, ((3, 4),)),
    ]
    assert [(remark.code, remark.count) for remark in late] == [
        (RemarkCode.PAGES_BY_OCR, 1),
        (RemarkCode.PAGES_WITHOUT_TEXT, 2),
    ]


def test_scans_on_which_nothing_is_recognised_are_refused(
    make_engine: Callable[..., Engine], tmp_path: Path
) -> None:
    with pytest.raises(UnreadableError) as problem:
        recognise(make_engine("exit 0"), make_scans(2), tmp_path)

    assert problem.value.code == "no_text"


def test_the_engine_has_limits_and_no_secrets(
    make_engine: Callable[..., Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    script = f"cat > /dev/null; ulimit -t; ulimit -v; env; echo x > {tmp_path}/written || echo cannot write"

    sections, _remarks = recognise(make_engine(script), make_scans(1), tmp_path)
    text = " ".join(sections[0].paragraphs)

    assert text.startswith("60 1048576")
    assert "canary" not in text
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


def test_tesseract_recognises_a_scan(tmp_path: Path) -> None:
    program = shutil.which("tesseract")
    if program is None or "eng" not in list_languages(program):
        pytest.skip("Tesseract with English is not installed: text recognition itself was NOT tested.")

    sections, remarks = recognise(
        Engine(program, "eng", 5, 60), (INPUTS / "mixed_scan.pdf").read_bytes(), tmp_path
    )

    assert sections[1] == Section("", ("Appendix A deposit is 200 euro",), 2)
    assert remarks == [Remark(RemarkCode.PAGES_BY_OCR, 1, 0, ((2, 2),))]


def test_the_settings_choose_the_engine_and_operators_are_told(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'List of languages (2):'\necho eng\necho osd\n")
    program.chmod(0o755)
    settings.OCR_PAGES, settings.OCR_SECONDS = 20, 90
    settings.OCR_LANGUAGES = ["eng", "chi_sim"]
    found = {}
    for name, path in (("absent", tmp_path / "empty"), ("present", tmp_path)):
        monkeypatch.setenv("PATH", f"{path}:/nowhere")
        text_recognition._find_program.cache_clear()
        found[name] = (text_recognition.find_engine(), text_recognition.describe_text_recognition())
    chat = text_recognition.find_engine(max_pages=10, max_seconds=60)
    settings.OCR_LANGUAGES = ["deu"]
    other = text_recognition.describe_text_recognition()
    settings.OCR_PAGES = 0
    off = (text_recognition.find_engine(), text_recognition.describe_text_recognition())
    text_recognition._find_program.cache_clear()

    assert found == {
        "absent": (None, "Off: Tesseract is not installed on this machine."),
        "present": (
            Engine(str(program), "eng", 20, 90),
            "On, in these languages: English (eng). Not installed: Chinese, simplified (chi_sim)",
        ),
    }
    assert chat == Engine(str(program), "eng", 10, 60)
    assert other == "Off: Tesseract has none of the languages in OCR_LANGUAGES."
    assert off == (None, "Off, by the settings OCR_PAGES and OCR_LANGUAGES.")
