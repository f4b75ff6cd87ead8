"""Hostile input for each reader of text kinds and old Office files: read or refused in time, no crash.

In this process, for speed; limits of the child process are tried in test_hostile_files.py and
test_hostile_time.py.
"""

from __future__ import annotations

import random
import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gpts.knowledge.extraction import UnreadableError
from gpts.knowledge.extraction.kinds import COMPOUND, KINDS, ZIPPED
from gpts.knowledge.extraction.office.rtf import decompress
from tests.support.extraction import read_here
from tests.support.knowledge_files import EICAR, make_zip

INPUTS = Path(__file__).parent / "inputs"
SIZE = 120_000
# CPU seconds: far below what a file of this size may take.
SECONDS = 4.0
# Pieces that parsers of text look for, repeated without their ends.
PIECES = {
    ".md": ["<!-- ", "<!--\n", "---\n", "===\na\n", "```\n", "`<!--", "# \n", "a\n--\n", "-->"],
    ".mdx": ["import ", "<a ", "<A>\n", "</", "export x\n", "<a b <a b "],
    ".rst": ["==\n", "a\n=\n", ".. ", ":a:`", ".. a::\n", "`", ":a:` <", "=\n-\n"],
    ".adoc": ["= a\n", "====\n", "////\n", "|===\n", "[", ":a", "----\n", ".a\n"],
    ".org": ["* ", "* a\n", ":PROPERTIES:\n", "#+BEGIN_COMMENT\n", "* TODO ", ":a:", "#+TITLE: "],
    ".tex": [
        "\\section{",
        "\\textbf{",
        "\\begin{",
        "%",
        "{",
        "\\href{a}{",
        "\\footnote{a",
        "\\'",
        "\\title{",
        "$",
        "\\cite[",
        "\\begin{document}\n\\textbf{",
        "\\textbf{a}",
    ],
    ".srt": ["00:00:01,000 --> \n", "1\n", "-->", "<", "0:0", "{\\a", "00:00:01,000 --> 1\na\n", "<v "],
    ".vtt": ["NOTE\n", "00:01.000 --> 1\n", "<v.", "<v a>"],
    ".json": [
        "/*",
        "//",
        "'",
        '"',
        "{a:",
        "[",
        "1,",
        "{",
        '{"a":1}',
        "'\\",
        "#",
        "nan ",
        "-",
        "[1,",
        "/* */",
        '"\\u',
    ],
    ".jsonl": ['{"a":\n', "[\n", "'\n", "1\n", "{a:1}\n", "\n", "[[[[[[[["],
    ".ipynb": ["{", '{"cells":[', "["],
    ".html": [
        "<nav>",
        "<nav>a",
        "</nav>",
        "<ruby><rt>",
        "<pre>",
        "<h1><p>",
        "<h1>a<p>",
        "<h1> <p>",
        "<rt></ruby>",
        "<nav><svg>",
    ],
    ".csv": ['"', '"a\n', '"a"b,', "sep=", ",", '""\n', '"",', '"a,b\n', "|;,\t", '"\n""\n', 'a"', '"a""\n'],
    ".tsv": ['"\t', '"a\tb\n', '""\t'],
    ".eml": [
        "Subject: a\n",
        "a: ",
        "=?utf-8?q?",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
        "Subject: =?utf-8?b?=?=",
        "To: ((((",
        "Subject: " + "=?utf-8?q?a?= " * 20 + "\n",
        " folded\n",
    ],
    ".rtf": [
        "{",
        "\\",
        "\\'",
        "\\u1",
        "\\bin9",
        "{\\*",
        "\\u-1?",
        "\\par",
        "{\\fonttbl",
        "{\\stylesheet{\\s1",
        "\\uc9999 ",
        "}",
        "\\'ff",
        "\\cell",
        "{\\f1\\fcharset2",
        "\\bin-5 ",
        "\\v ",
        "a",
    ],
}
BEGINNINGS = {".rtf": "{\\rtf1", ".eml": "Subject: x\n", ".tex": "\\section{a}\n"}


def read_in_time(name: str, data: bytes) -> str:
    """Return the text or the code of the refusal; anything but a refusal is an error."""
    began = time.process_time()
    try:
        found = " ".join(text for _heading, text in read_here(name, data)[0])
    except UnreadableError as problem:
        found = problem.code
    except (MemoryError, RecursionError):
        # The child process answers with this code.
        found = "too_complex"
    assert time.process_time() - began < SECONDS
    return found


@pytest.mark.parametrize(
    ("ending", "piece"), [(ending, piece) for ending, pieces in PIECES.items() for piece in pieces]
)
def test_one_piece_repeated(ending: str, piece: str) -> None:
    text = BEGINNINGS.get(ending, "") + piece * (SIZE // len(piece.encode()))

    read_in_time(f"a{ending}", text.encode())


@pytest.mark.parametrize("charset", ["euc_kr", "cp1250", "gb18030", "utf-16-le"])
def test_a_guess_of_the_charset_takes_little_time(charset: str) -> None:
    text = {"euc_kr": "한국어 ", "cp1250": "źdźbło ", "gb18030": "仓库", "utf-16-le": "仓库 a\n"}[
        charset
    ] * 60_000

    assert len(read_in_time("a.txt", text.encode(charset))) > 100_000


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.label != "PDF"], ids=lambda kind: kind.label)
def test_random_bytes_behind_the_right_beginning(kind, seed: int) -> None:  # type: ignore[no-untyped-def]  # parameter
    chance = random.Random(seed)
    name = next((path for path in INPUTS.iterdir() if path.suffix == kind.endings[0]), None)
    whole = bytearray(
        name.read_bytes()
        if name is not None
        else b"PK\x03\x04"
        if kind.media_type in ZIPPED
        else b"{\\rtf1 a"
    )
    for _change in range(1 + seed * 8):
        whole[chance.randrange(len(whole))] = chance.randrange(256)
    if seed % 3 == 2:
        del whole[len(whole) * 2 // 3 :]

    read_in_time(f"a{kind.endings[0]}", bytes(whole))


@pytest.mark.parametrize("ending", [kind.endings[0] for kind in KINDS if kind.media_type in COMPOUND])
def test_what_only_begins_like_a_compound_file_is_refused(ending: str) -> None:
    assert read_in_time(f"a{ending}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000)) in (
        "malformed",
        "bomb",
    )


@pytest.mark.parametrize("ending", [".odt", ".ods", ".odp", ".xlsb"])
def test_archives_of_other_content_are_refused(ending: str) -> None:
    assert read_in_time(f"a{ending}", make_zip({"hello.txt": "hello"})) == "malformed"


ENTITIES = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"


def make_opendocument(body: str, head: str = "") -> bytes:
    names = f'xmlns:text="{TEXT}" xmlns:table="{TABLE}" xmlns:office="{OFFICE}"'
    return make_zip(
        {"content.xml": f"{head}<office:document-content {names}>{body}</office:document-content>"}
    )


def test_entities_of_an_opendocument_are_not_resolved() -> None:
    assert "root:" not in read_in_time("a.odt", make_opendocument("<text:p>a &x; &b; z</text:p>", ENTITIES))


def test_repeated_rows_and_columns_of_a_spreadsheet_are_not_made() -> None:
    cell = '<table:table-cell table:number-columns-repeated="999999999"><text:p>a</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="999999999">{cell}</table:table-row>'
    body = f'<table:table table:name="S">{row * 3}</table:table>'

    assert read_in_time("a.ods", make_opendocument(body)).count("a") <= 1_500


def test_spaces_of_an_opendocument_are_limited() -> None:
    body = "<text:p>a" + '<text:s text:c="999999999"/>' * 100 + "z</text:p>"

    assert len(read_in_time("a.odt", make_opendocument(body))) < 30_000


def test_merged_cells_over_a_whole_sheet_repeat_only_in_rows_that_are_there() -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>x</t></is></c></row>' for n in range(1, 3_000)
    )
    merges = "".join(f'<mergeCell ref="A{n}:XFD1048576"/>' for n in range(1, 3_000))
    data = make_zip(
        {
            "_rels/.rels": f'<Relationships xmlns="{package}">'
            '<Relationship Id="r" Type="x/officeDocument" Target="b.xml"/>'
            "</Relationships>",
            "_rels/b.xml.rels": f'<Relationships xmlns="{package}">'
            '<Relationship Id="r1" Type="x/worksheet" Target="s.xml"/>'
            "</Relationships>",
            "b.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
            '<sheet name="S" r:id="r1"/></sheets></workbook>',
            "s.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>'
            f"<mergeCells>{merges}</mergeCells></worksheet>",
        }
    )

    assert read_in_time("a.xlsx", data).count("x") >= 2_999


def test_the_test_virus_in_a_mail_is_refused() -> None:
    mail = (
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/x-y\n\n"
        + EICAR
        + b"\n--b--\n"
    )

    assert read_in_time("a.eml", mail) == "malware"


def test_a_mail_of_nested_messages_is_refused() -> None:
    part = "Content-Type: message/rfc822\n\n"

    assert (
        read_in_time("a.eml", ("Subject: x\n" + part * 500 + "Subject: y\n\ntext").encode()) == "too_complex"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x" * 16, struct.pack("<II4sI", 20, 0xFFFFFFFF, b"LZFu", 0) + b"\xff" * 100,
        struct.pack("<II4sI", 20, 5_000, b"LZFu", 0) + b"\x00ab",
    ],
)  # fmt: skip
def test_a_packed_body_unpacks_to_little(data: bytes) -> None:
    with suppress(UnreadableError):
        assert len(decompress(data)) <= 100_000


def test_a_packed_body() -> None:
    # The example of [MS-OXRTFCP] 3.1.1.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )

    assert decompress(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
