"""Reading a hostile file takes time in proportion to its size, or is stopped after the time for that size."""

from __future__ import annotations

import resource
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from gpts.knowledge.extraction import Limits, TooSlowError, UnreadableError, extract
from gpts.knowledge.extraction.pdf.printed_lines import (
    Vocabulary,
    close_wide_text,
    join_divided_words,
    join_lines,
)
from gpts.knowledge.extraction.types import BASE_SECONDS, get_cpu_seconds
from tests.support import knowledge_files
from tests.support.knowledge_files import make_docx, make_epub, make_pptx, make_xlsx, make_zip
from tests.support.pdf_files import draw, make_pages
from tests.support.word_files import (
    NAMESPACES,
    level,
    make_slides,
    make_word,
    numbering_part,
    paragraph,
    run,
    shape,
    style_part,
)

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
    read_in_time("a.csv", b"x" * 100_000 + b",b\n" + b"1,2\n" * 50_000)
    read_in_time("b.csv", b",".join([b"n"] * 60_000) + b"\n" + b"1\n" * 60_000)
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


def test_pages_that_may_be_rendered_for_recognition_take_time_of_their_own() -> None:
    assert get_cpu_seconds(replace(Limits(), recognised_pages=10), 0, is_packed=True) == BASE_SECONDS + 4


def test_an_operator_can_allow_less_but_not_more_than_the_size_gives() -> None:
    assert get_cpu_seconds(replace(Limits(), seconds=5), 0, is_packed=True) == 5
    assert get_cpu_seconds(replace(Limits(), seconds=9_999), 0, is_packed=True) == BASE_SECONDS


def make_numbered(count: int, pattern: str = "%1%2%3%4%5%6%7%8%9") -> bytes:
    levels = "".join(level(number, "chineseCounting", pattern) for number in range(9))
    lists = {str(number): levels for number in range(200)}
    part = numbering_part(lists, {str(number): str(number % 200) for number in range(1, 2_000)})
    body = "".join(paragraph("w", numbering=(str(n % 2_000), n % 9)) for n in range(count))
    return make_word(body, {"numbering.xml": part})


def test_a_word_document_of_numbered_paragraphs_and_styles_in_a_circle() -> None:
    styles = {f"s{n}": ("x", f'<w:basedOn w:val="s{(n + 1) % 2_000}"/>') for n in range(2_000)}
    body = "".join(paragraph("w", style=f"s{n % 2_000}") for n in range(6_000))

    assert read_in_time("a.docx", make_numbered(6_000)).count("w") == 6_000
    assert read_in_time("a.docx", make_word(body, {"styles.xml": style_part(styles)})).count("w") == 6_000


BEGIN = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'


@pytest.mark.parametrize(
    "inner",
    [
        BEGIN * 20_000,
        BEGIN * 90 + "<w:r><w:t>x</w:t></w:r>" * 10_000,
        "<w:r><mc:AlternateContent><mc:Choice/><mc:Fallback/></mc:AlternateContent></w:r>" * 8_000,
        "<w:ins>" * 200 + "<w:r><w:t>x</w:t></w:r>" * 20_000 + "</w:ins>" * 200,
        '<w:r><w:sym w:font="Symbol" w:char="FFFFFFFFFFFFFFFFFFFFFFFF"/></w:r>' * 8_000,
        "<m:oMath>" + "<m:f><m:num>" * 100 + "<m:r><m:t>x</m:t></m:r>" * 20_000
        + "</m:num></m:f>" * 100 + "</m:oMath>",
        "<m:oMath><m:sSup><m:e/></m:sSup></m:oMath>" * 14_000,
        '<w:r><w:object><o:OLEObject ProgID="x"/></w:object></w:r>' * 10_000,
    ],
)  # fmt: skip
def test_a_word_document_of_one_repeated_piece(inner: str) -> None:
    assert "last" in read_in_time("a.docx", make_word(f"<w:p>{inner}</w:p>" + paragraph("last")))


def test_a_formula_or_text_nested_deeper_than_documents_are_is_refused() -> None:
    deep = "<m:f><m:num>" * 5_000 + "</m:num></m:f>" * 5_000

    assert read_in_time("a.docx", make_word(f"<w:p><m:oMath>{deep}</m:oMath></w:p>")) == "malformed"


def test_a_chart_of_many_points_that_is_shown_ten_thousand_times_is_read_once() -> None:
    points = "".join(f"<c:pt idx='{n}'><c:v>{n}</c:v></c:pt>" for n in range(60_000))
    series = f"<c:ser><c:val><c:numCache>{points}</c:numCache></c:val></c:ser>" * 3
    chart = f"<c:chartSpace {NAMESPACES}>{series}</c:chartSpace>"
    body = '<w:p><w:r><w:drawing><c:chart r:id="c"/></w:drawing></w:r></w:p>' * 10_000

    found = read_in_time("a.docx", make_word(body, {"chart.xml": chart}, {"c": "chart chart.xml"}))

    assert found.count("·") <= 5_000


def test_a_merged_cell_of_a_long_text_is_not_repeated() -> None:
    first = (
        f'<w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>{paragraph("word " * 20_000)}</w:tc></w:tr>'
    )
    rest = "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr>" * 8_000

    assert read_in_time("a.docx", make_word(f"<w:tbl>{first}{rest}</w:tbl>")).count("word") == 20_000


def test_parts_that_are_embedded_ten_thousand_times_are_read_once() -> None:
    chunk = '<w:altChunk r:id="a"/>' * 10_000
    data = make_word(chunk, {"a.html": "<p>" + "word " * 20_000}, {"a": "aFChunk a.html"})

    assert read_in_time("a.docx", data).count("word") == 20_000


def test_heads_and_relationships_without_number() -> None:
    heads = {f"header{n}.xml": f"<w:hdr {NAMESPACES}>{paragraph(f'head {n}')}</w:hdr>" for n in range(2_000)}
    relations = {f"r{n}": "header header1.xml" for n in range(8_000)}

    assert read_in_time("a.docx", make_word(paragraph("x"), heads, relations)).count("head") <= 200


def test_strict_namespaces_at_every_place_of_a_chunk() -> None:
    space = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    body = "".join(f'<w:p><w:r><w:t xmlns:q{n}="{space}">w</w:t></w:r></w:p>' for n in range(8_000))

    data = make_zip(
        {"word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'}
    )

    assert read_in_time("a.docx", data).count("w") == 8_000


def test_slides_of_one_repeated_piece() -> None:
    numbered = '<a:pPr><a:buAutoNum type="arabicPeriod"/></a:pPr>' + run("w")
    group = "<p:grpSp>" * 200 + shape(*[run("w")] * 5_000) + "</p:grpSp>" * 200

    assert read_in_time("a.pptx", make_slides(shape(*[numbered] * 5_000))).count("w") == 5_000
    assert read_in_time("a.pptx", make_slides(group)).count("w") == 5_000


def test_a_pdf_of_a_hundred_thousand_annotations() -> None:
    objects = {100: b"<< /Type /Annot /Subtype /FreeText /Contents (word) /Rect [0 0 9 9] >>"}

    data = make_pages(draw([(72, 700, "x")]), annotations=["100 0 R"] * 100_000, objects=objects)

    assert read_in_time("a.pdf", data).count("word") <= 1


def test_a_pdf_page_of_many_pieces_in_columns() -> None:
    pieces = [(x, 780 - y, "abcdefg hijklmn opqr") for y in range(190) for x in (20, 220, 420)]

    assert "abcdefg" in read_in_time("a.pdf", make_pages(*[draw(pieces)] * 12))


@pytest.mark.parametrize(
    "piece",
    [
        b"/Type /Page ",
        b"/Type /Catalog ",
        b"1 0 obj ",
        b"%PDF-",
        b"1 0 obj << /Type /Page >> ",
        b"9" * 50 + b" ",
    ],
)
def test_a_broken_pdf_of_one_repeated_piece(piece: bytes) -> None:
    read_in_time("a.pdf", b"%PDF-1.7\n" + piece * (SIZE // len(piece)))


@pytest.mark.parametrize(
    "text", ["a" * SIZE, "字 " * (SIZE // 4), "a\x02" * (SIZE // 2), "-" * SIZE, "字" * SIZE]
)
def test_printed_lines(text: str) -> None:
    began = time.process_time()
    vocabulary = Vocabulary()
    vocabulary.add(text)
    list(join_lines(close_wide_text(join_divided_words(text, vocabulary))))

    assert time.process_time() - began < SECONDS
