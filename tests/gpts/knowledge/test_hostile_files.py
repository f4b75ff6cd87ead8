"""What an outsider's file must not do: fill the memory, read our files, call out, run, or stop the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gpts.knowledge.extraction import Limits, UnreadableError, extract
from tests.support import knowledge_files
from tests.support.knowledge_files import EICAR, make_docx, make_epub, make_pdf, make_xlsx, make_zip


def refusal(name: str, data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableError) as problem:
        extract(name, data, limits=limits)
    return problem.value.code


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx", "epub"])
def test_an_archive_that_declares_a_bomb_is_not_unpacked(kind: str) -> None:
    """F01"""
    assert refusal(f"a.{kind}", knowledge_files.make_zip_bomb(kind)) == "bomb"


def test_an_archive_that_lies_about_its_size_gives_no_more_than_it_declares() -> None:
    """F01"""
    assert refusal("a.docx", knowledge_files.make_lying_zip_bomb()) == "malformed"


def test_what_is_really_unpacked_counts_over_all_members() -> None:
    """F01"""
    text = "word " * 30_000
    book = make_epub(*[(f"Chapter {number}", text) for number in range(40)])
    few = replace(Limits(), expanded_bytes=1_000_000)

    assert refusal("a.epub", book, few) == "bomb"
    assert {section.heading for section in extract("a.epub", book)} == {f"Chapter {n}" for n in range(40)}


def test_too_many_members_are_a_bomb() -> None:
    many = make_zip({f"word/{number}.xml": "x" for number in range(10_001)})

    assert refusal("a.docx", many) == "bomb"


def test_an_archive_within_an_archive_stays_closed() -> None:
    """F01"""
    inner = knowledge_files.make_zip_bomb("docx")
    data = make_docx(("", "The outer words"), extra={"word/embeddings/inner.docx": inner, "inner.zip": inner})

    assert [section.paragraphs for section in extract("a.docx", data)] == [("The outer words",)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.docx", make_docx(("", "Text"), extra={"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"})),
        ("a.xlsx", make_zip({"xl/macrosheets/sheet1.xml": "<x/>", "xl/workbook.xml": "<x/>"})),
        ("a.pptx", make_zip({"ppt/vbaProject.bin": b"x", "ppt/presentation.xml": "<x/>"})),
    ],
)
def test_programs_in_a_document_are_refused(name: str, data: bytes) -> None:
    """F14"""
    assert refusal(name, data) == "macros"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", EICAR),
        ("a.html", EICAR + b"\r\n"),
        ("a.docx", make_docx(("", "Text"), extra={"word/embeddings/oleObject1.bin": EICAR})),
        ("a.epub", make_epub(("One", "Text"), extra={"OPS/x.com": EICAR})),
    ],
)
def test_malware_is_refused(name: str, data: bytes) -> None:
    """F14"""
    assert refusal(name, data) == "malware"


def test_a_text_about_the_test_virus_is_a_text() -> None:
    text = b"The string " + EICAR + b" is how scanners are tried out. " * 5

    assert len(extract("a.txt", text)) == 1


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">'
    '<!ENTITY y SYSTEM "http://127.0.0.1:9/y">]>'
)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "'
    + "ha" * 5000
    + '">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    + "]>"
)


def texts(name: str, data: bytes) -> str:
    return " ".join(paragraph for section in extract(name, data) for paragraph in section.paragraphs)


def test_an_entity_of_a_word_document_reads_no_file_and_calls_nobody() -> None:
    """F08"""
    data = make_docx(("", "before &x; &y; after"), head=ENTITIES)

    found = texts("a.docx", data)

    assert "root:" not in found
    assert found.startswith("before")


def test_an_entity_of_a_workbook_reads_no_file() -> None:
    """F08"""
    sheet = (
        f'{ENTITIES}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&x;</t></is></c></row></sheetData></worksheet>'
    )

    assert refusal("a.xlsx", with_member(make_xlsx({"S": [["a"]]}), "xl/worksheets/sheet1.xml", sheet)) in (
        "malformed",
        "empty",
    )


def test_entities_that_multiply_end_at_a_limit() -> None:
    """F01: a billion laughs."""
    data = make_docx(("", "before &i; after"), head=LAUGHS)

    assert refusal("a.docx", data) in ("malformed", "too_complex", "bomb", "empty")


def test_a_template_on_another_host_is_not_fetched() -> None:
    """F08: the child may open no connection at all."""
    relations = (
        f'<Relationships xmlns="{knowledge_files.PACKAGE}"><Relationship Id="rId1" TargetMode="External" '
        'Target="http://127.0.0.1:9/template.dotm"/></Relationships>'
    )
    data = make_docx(("", "Text"), extra={"word/_rels/settings.xml.rels": relations})

    assert texts("a.docx", data) == "Text"


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("locked.pdf", knowledge_files.make_locked_pdf, "encrypted"),
        ("locked.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "encrypted"),
        ("pictures.pdf", lambda: make_pdf("", "", ""), "no_text"),
        ("broken.pdf", lambda: b"%PDF-1.7\nnothing of it is true", "malformed"),
        ("broken.docx", lambda: b"PK\x03\x04 and then nothing", "malformed"),
        ("other.docx", lambda: make_zip({"hello.txt": "hello"}), "malformed"),
        ("page.pdf", lambda: b"<html><script>alert(1)</script></html>", "malformed"),
        ("picture.txt", lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "binary"),
        ("program.md", lambda: b"\x7fELF" + bytes(500), "binary"),
        ("archive.csv", lambda: make_zip({"a": "b"}), "binary"),
        ("late.txt", lambda: b"words " * 200_000 + b"\x00" * 10, "binary"),
        ("deep.json", lambda: b"[" * 100_000, "malformed"),
        ("deep.jsonl", lambda: b"[" * 50_000 + b"]" * 50_000, "malformed"),
        ("cell.csv", lambda: b'a,b\n"' + b"x" * 300_000 + b'",2\n', "malformed"),
        ("nothing.txt", lambda: b"", "empty"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_its_reason(
    name: str, make: Callable[[], bytes], code: str
) -> None:
    assert refusal(name, make()) == code


def test_markup_named_txt_is_read_as_the_text_that_it_is() -> None:
    """F03: nothing of it is ever served as a page."""
    assert texts("page.txt", b"<script>alert(1)</script> hello") == "<script>alert(1)</script> hello"


def test_pages_over_the_limit_are_refused_and_five_thousand_are_read() -> None:
    data = make_pdf(*(f"This is page {number}." for number in range(1, 5001)))

    assert refusal("a.pdf", data, replace(Limits(), pages=4_999)) == "too_many_pages"
    sections = extract("a.pdf", data, limits=replace(Limits(), pages=5_000))
    assert [section.page for section in sections] == list(range(1, 5001))
    assert sections[-1].paragraphs == ("This is page 5000.",)


def test_text_over_the_limit_is_refused() -> None:
    assert refusal("a.txt", b"word " * 1000, replace(Limits(), characters=4_000)) == "too_much_text"


def test_a_reading_that_needs_too_much_memory_ends() -> None:
    """F02"""
    huge = b'{"a": "' + b"x" * 30_000_000 + b'"}'

    assert refusal("a.json", huge, replace(Limits(), memory_bytes=80_000_000)) == "too_complex"


def test_one_endless_paragraph_comes_in_parts() -> None:
    found = extract("a.json", b'{"a": "' + b"x" * 1_000_000 + b'"}')

    assert sum(len(text) for section in found for text in section.paragraphs) == 1_000_000
    assert max(len(text) for section in found for text in section.paragraphs) == 100_000


def test_a_reading_that_takes_too_long_ends() -> None:
    """F02"""
    long = b"A sentence that goes on and on. " * 3_000_000

    assert refusal("a.txt", long, replace(Limits(), seconds=1, characters=10**9)) == "timeout"


def test_a_stream_that_unpacks_without_end_stops_at_the_memory_limit() -> None:
    """F02: nested Flate streams, 100 kB for 100 MB."""
    import zlib

    stream = zlib.compress(zlib.compress(b"(x) Tj " * 15_000_000, 9), 9)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    body = b"<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n%s\nendstream" % (
        len(stream),
        stream,
    )
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: page,
        4: body,
    }
    few = replace(Limits(), memory_bytes=300_000_000, seconds=20)

    with pytest.raises(UnreadableError) as problem:
        extract("a.pdf", knowledge_files.build_pdf(objects, ""), limits=few)

    assert problem.value.code in ("no_text", "malformed", "too_complex", "timeout")


def test_the_child_opens_no_connection_and_starts_no_program(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, socket, os\n"
        "from gpts.knowledge.extraction import worker\n"
        "sys.addaudithook(worker._block_event)\n"
        "done = []\n"
        "for act in (lambda: socket.create_connection(('127.0.0.1', 9)), lambda: os.system('true'),\n"
        "            lambda: os.fork(), lambda: socket.getaddrinfo('example.com', 80)):\n"
        "    try:\n        act()\n    except PermissionError:\n        done.append(1)\n"
        "print(len(done))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "4"


def with_member(data: bytes, name: str, text: str) -> bytes:
    import zipfile
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(data)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    return make_zip({**members, name: text})
