"""Reading a hostile file takes time in proportion to its size, or is stopped after the time for that size."""

from __future__ import annotations

import resource
from contextlib import suppress
from dataclasses import replace

import pytest

from gpts.knowledge.extraction import Limits, TooSlowError, UnreadableError, extract
from gpts.knowledge.extraction.types import BASE_SECONDS, get_cpu_seconds
from tests.support import knowledge_files
from tests.support.knowledge_files import make_docx, make_epub, make_pptx, make_xlsx, make_zip

SIZE = 600_000
# CPU seconds of the child: far below what a file of this size may take, and far above what it needs.
SECONDS = 6.0


def read_in_time(name: str, data: bytes) -> str:
    """Return the text, or the code of the refusal, of a file that must be read or refused quickly."""
    began = get_child_seconds()
    try:
        found = " ".join(text for section in extract(name, data) for text in section.paragraphs)
    except UnreadableError as problem:
        found = problem.code
    assert get_child_seconds() - began < SECONDS
    assert found != "timeout"
    return found


def get_child_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "piece",
    [
        "<!--", "</", "</a", "<?", "<![CDATA[", "<!", "<svg>", "</svg>", "<svg></nav>", "<a ",
        '<a b="', "<script>", "</script", "<h1>", "<td>", "&", "&#x", "<", "-->", "<p", "< ",
    ],
)  # fmt: skip
def test_html_of_one_repeated_piece(piece: str) -> None:
    read_in_time("a.html", b"<p>first</p>" + piece.encode() * (SIZE // len(piece)))


def test_html_of_open_and_closed_hidden_elements() -> None:
    names = ["svg", "nav", "style", "object", "iframe", "template", "noscript"]
    opened = "".join(f"<{name}>" for name in names) * (SIZE // 60)
    closed = "".join(f"</{name}>" for name in reversed(names)) * (SIZE // 60)

    assert read_in_time("a.html", f"<p>first</p>{opened}{closed}<p>last</p>".encode()) == "first last"


def test_a_huge_heading_is_not_copied_for_each_paragraph_below_it() -> None:
    page = "<h1>" + "long heading " * 50_000 + "</h1>" + "<p>word</p>" * 60_000

    assert read_in_time("a.html", page.encode()).startswith("word word")


def test_a_number_of_thousands_of_digits_is_one_lost_character() -> None:
    assert read_in_time("a.html", b"<p>a &#" + b"9" * 6_000 + b"; b</p>") == "a \ufffd b"
    assert read_in_time("a.json", b'{"a": ' + b"9" * 600_000 + b"}") == "malformed"


def test_a_workbook_with_a_cell_in_the_last_row() -> None:
    rows = [(1, "city"), (999_999_999, "Paris"), (1_048_576, "Lyon")]
    sheet = "".join(
        f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{text}</t></is></c></row>'
        for number, text in rows
    )

    assert read_in_time("a.xlsx", make_workbook(sheet)) == "city Paris Lyon"


def test_a_workbook_of_empty_rows_and_wide_rows() -> None:
    empty = "".join(f'<row r="{number}"/>' for number in range(1, 100_000))
    wide = "".join(
        f'<row r="{n}"><c r="SF{n}"><v>1</v></c><c r="XFD{n}"><v>2</v></c></row>' for n in range(1, 20_000)
    )

    assert read_in_time("a.xlsx", make_workbook(empty)) == "empty"
    assert read_in_time("a.xlsx", make_workbook(wide)).split() == ["1"] * 19_999


def test_a_workbook_whose_cells_refer_to_one_blank_shared_text() -> None:
    strings = f'<sst xmlns="{MAIN}"><si><t xml:space="preserve">{" " * 1_000_000}</t></si></sst>'
    sheet = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 10_000))

    assert read_in_time("a.xlsx", make_workbook(sheet, strings)) == "empty"


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def make_workbook(rows: str, strings: str = "") -> bytes:
    import zipfile
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(make_xlsx({"S": [["a"]]}))) as book:
        members: dict[str, str | bytes] = {name: book.read(name) for name in book.namelist()}
    members["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'
    )
    if strings:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        types = members["[Content_Types].xml"].decode()
        members["[Content_Types].xml"] = types.replace(
            "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        )
        members["xl/sharedStrings.xml"] = strings
    return make_zip(members)


@pytest.mark.parametrize(
    "line",
    [
        "# " + "#" * 99_000 + "x", "# " + " " * 50_000 + "x" + " " * 49_000 + "y",
        "# x" + " #" * 49_000 + " x",
        "#" * 99_000, " " * 99_000 + "x", "1" * 99_000, "`" * 99_000, "| " * 49_000,
    ],
)  # fmt: skip
def test_markdown_lines(line: str) -> None:
    read_in_time("a.md", f"{line}\n\n".encode() * (SIZE // len(line)))


@pytest.mark.parametrize("line", ["a", "|", "a  ", "字", "- a", "```\n"])
def test_markdown_of_short_lines(line: str) -> None:
    read_in_time("a.md", f"{line}\n".encode() * (SIZE // len(line.encode())))


@pytest.mark.parametrize(
    "line",
    [
        "export " * 14_000, "public" + " " * 99_000 + "x", "create " + "x" * 99_000, "CREATE" + " " * 99_000,
        "def " + "a::" * 30_000, "async  " * 14_000 + "def x",
    ],
)  # fmt: skip
def test_lines_of_source_code(line: str) -> None:
    read_in_time("a.py", f"{line}\n".encode() * (SIZE // len(line)))


@pytest.mark.parametrize(
    "data",
    [
        '{"' + "k" * 300_000 + '": [' + "1," * 150_000 + "1]}",
        '{"a": {"' + "k" * 300_000 + '": [' + "1," * 150_000 + "1]}}",
        '{"' + "." * 300_000 + '": {"b": [' + "1," * 150_000 + "1]}}",
        '{"a":' * 39 + "[" + "1," * 150_000 + "1]" + "}" * 39,
    ],
    ids=["long key", "long inner key", "dots", "nested maps"],
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_json(name: str, data: str) -> None:
    assert read_in_time(name, data.encode()).endswith("1")


def test_tables() -> None:
    read_in_time("a.csv", b"x" * 100_000 + b",b\n" + b"1,2\n" * 100_000)
    read_in_time("b.csv", b",".join([b"n"] * 60_000) + b"\n" + b"1\n" * 200_000)
    read_in_time("c.csv", b'"a\n' * 30_000)


def test_nested_cells_of_a_word_document_are_read_once() -> None:
    depth = 120
    words = "word " * 200_000
    nested = "<w:tc>" * depth + f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>" + "</w:tc>" * depth
    body = f"<w:tbl><w:tr>{nested}</w:tr></w:tbl>"

    found = read_in_time("a.docx", make_docx(("", "first"), extra=make_body(body)))

    assert found.count("word") == 200_000


def test_a_word_document_with_a_huge_heading() -> None:
    heading = "long heading " * 30_000
    data = make_docx(("Heading1", heading), *[("", "word")] * 20_000)

    assert read_in_time("a.docx", data).startswith("word word")


def make_body(body: str) -> dict[str, str | bytes]:
    return {
        "word/document.xml": f'<w:document xmlns:w="{knowledge_files.W}"><w:body>{body}</w:body></w:document>'
    }


def test_a_slide_that_is_listed_ten_thousand_times_is_read_once() -> None:
    import zipfile
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(make_pptx(("Title", "word " * 20_000)))) as deck:
        members: dict[str, str | bytes] = {name: deck.read(name) for name in deck.namelist()}
    show = members["ppt/presentation.xml"].decode()
    members["ppt/presentation.xml"] = show.replace(
        "</p:sldIdLst>", '<p:sldId id="1" r:id="rId1"/>' * 10_000 + "</p:sldIdLst>"
    )

    assert read_in_time("a.pptx", make_zip(members)).count("word") == 20_000


def test_a_chapter_that_is_listed_ten_thousand_times_is_read_once() -> None:
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c0" href="c0.xhtml"'
        ' media-type="application/xhtml+xml"/></manifest><spine>'
        + '<itemref idref="c0"/>' * 10_000
        + "</spine></package>"
    )
    book = make_epub(("One", "word " * 20_000), extra={"OPS/book.opf": opf})

    assert read_in_time("a.epub", book).count("word") == 20_000


def make_pdf_of_one_page(pages: int) -> bytes:
    """A page tree that names one page again and again, which PDFium searches from the beginning each time."""
    content = b"<< /Length 44 >>\nstream\nBT /F1 12 Tf 50 700 Td (The same page.) Tj ET   \nendstream"
    return knowledge_files.build_pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [" + b"4 0 R " * pages + b"] /Count %d >>" % pages,
            3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            4: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources"
            b" << /Font << /F1 3 0 R >> >> >>",
            5: content,
        },
        "",
    )  # fmt: skip


def test_a_pdf_of_19999_identical_pages_is_read_or_stopped_in_the_time_for_its_size() -> None:
    data = make_pdf_of_one_page(19_999)
    allowed = get_cpu_seconds(Limits(), len(data), is_packed=True)
    began = get_child_seconds()

    with suppress(TooSlowError):
        extract("a.pdf", data)

    assert allowed <= 15
    assert get_child_seconds() - began < allowed + 2


def test_the_limit_of_cpu_time_is_told_from_that_of_the_clock() -> None:
    with pytest.raises(TooSlowError) as problem:
        extract("a.txt", b"a\n\n" * 5_000_000, limits=replace(Limits(), seconds=1))

    assert problem.value.used_cpu
    assert problem.value.code == "timeout"


@pytest.mark.parametrize(
    ("size", "is_packed", "seconds"),
    [
        (0, False, BASE_SECONDS),
        (1_200_000, False, 13),
        (1_200_000, True, 28),
        (20_000_000, False, 50),
        (500_000_000, True, 600),
    ],
)
def test_the_time_depends_on_the_size(size: int, is_packed: bool, seconds: int) -> None:
    assert get_cpu_seconds(Limits(), size, is_packed=is_packed) == seconds


def test_an_operator_can_allow_less_but_not_more_than_the_size_gives() -> None:
    assert get_cpu_seconds(replace(Limits(), seconds=5), 0, is_packed=True) == 5
    assert get_cpu_seconds(replace(Limits(), seconds=9_999), 0, is_packed=True) == BASE_SECONDS
