"""Hostile files cannot exhaust memory or time, read files, open connections or run programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gpts.knowledge.extraction import Limits, UnreadableError, extract
from tests.support import knowledge_files
from tests.support.knowledge_files import EICAR, make_docx, make_epub, make_pdf, make_xlsx, make_zip


def get_refusal_code(name: str, data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableError) as problem:
        extract(name, data, limits=limits)
    return problem.value.code


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx", "epub"])
def test_an_archive_that_declares_a_huge_size_is_not_unpacked(kind: str) -> None:
    assert get_refusal_code(f"a.{kind}", knowledge_files.make_zip_bomb(kind)) == "bomb"


def test_an_archive_that_declares_a_false_size_is_refused() -> None:
    assert get_refusal_code("a.docx", knowledge_files.make_lying_zip_bomb()) == "malformed"


def test_the_unpacked_bytes_of_all_members_are_limited() -> None:
    text = "word " * 30_000
    book = make_epub(*[(f"Chapter {number}", text) for number in range(40)])
    few = replace(Limits(), expanded_bytes=1_000_000)

    assert get_refusal_code("a.epub", book, few) == "bomb"
    assert {section.heading for section in extract("a.epub", book)} == {f"Chapter {n}" for n in range(40)}


def test_an_archive_with_too_many_members_is_refused() -> None:
    many = make_zip({f"word/{number}.xml": "x" for number in range(10_001)})

    assert get_refusal_code("a.docx", many) == "bomb"


def test_a_nested_archive_is_not_opened() -> None:
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
def test_macros_are_refused(name: str, data: bytes) -> None:
    assert get_refusal_code(name, data) == "macros"


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
    assert get_refusal_code(name, data) == "malware"


def test_a_text_that_quotes_the_test_virus_is_accepted() -> None:
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


def extract_text(name: str, data: bytes) -> str:
    return " ".join(paragraph for section in extract(name, data) for paragraph in section.paragraphs)


def test_xml_entities_in_a_word_document_are_not_resolved() -> None:
    data = make_docx(("", "before &x; &y; after"), head=ENTITIES)

    found = extract_text("a.docx", data)

    assert "root:" not in found
    assert found.startswith("before")


def test_xml_entities_in_a_workbook_are_not_resolved() -> None:
    sheet = (
        f'{ENTITIES}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&x;</t></is></c></row></sheetData></worksheet>'
    )

    assert get_refusal_code(
        "a.xlsx", replace_member(make_xlsx({"S": [["a"]]}), "xl/worksheets/sheet1.xml", sheet)
    ) in (
        "malformed",
        "empty",
    )


def test_nested_entities_are_limited() -> None:
    """The "billion laughs" attack."""
    data = make_docx(("", "before &i; after"), head=LAUGHS)

    assert get_refusal_code("a.docx", data) in ("malformed", "too_complex", "bomb", "empty")


def test_an_external_template_is_not_fetched() -> None:
    """The child process cannot open connections."""
    relations = (
        f'<Relationships xmlns="{knowledge_files.PACKAGE}"><Relationship Id="rId1" TargetMode="External" '
        'Target="http://127.0.0.1:9/template.dotm"/></Relationships>'
    )
    data = make_docx(("", "Text"), extra={"word/_rels/settings.xml.rels": relations})

    assert extract_text("a.docx", data) == "Text"


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
        ("nothing.txt", lambda: b"", "empty"),
    ],
)  # fmt: skip
def test_an_unreadable_file_is_refused_with_its_code(name: str, make: Callable[[], bytes], code: str) -> None:
    assert get_refusal_code(name, make()) == code


def test_html_in_a_txt_file_is_read_as_plain_text() -> None:
    assert extract_text("page.txt", b"<script>alert(1)</script> hello") == "<script>alert(1)</script> hello"


def test_pages_of_a_pdf_are_limited_and_five_thousand_are_read() -> None:
    data = make_pdf(*(f"This is page {number}." for number in range(1, 5001)))

    assert get_refusal_code("a.pdf", data, replace(Limits(), pages=4_999)) == "too_many_pages"
    sections = extract("a.pdf", data, limits=replace(Limits(), pages=5_000))
    assert [section.page for section in sections] == list(range(1, 5001))
    assert sections[-1].paragraphs == ("This is page 5000.",)


def test_text_over_the_limit_is_refused() -> None:
    assert get_refusal_code("a.txt", b"word " * 1000, replace(Limits(), characters=4_000)) == "too_much_text"


def test_reading_stops_at_the_memory_limit() -> None:
    huge = b'{"a": "' + b"x" * 30_000_000 + b'"}'

    assert get_refusal_code("a.json", huge, replace(Limits(), memory_bytes=80_000_000)) == "too_complex"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.rtf", b"{\\rtf1 " + b"x" * 30_000_000 + b"}"),
        ("a.eml", b"Subject: x\n\n" + b"x" * 30_000_000),
        ("a.ipynb", b'{"cells": [{"cell_type": "code", "source": "' + b"x" * 30_000_000 + b'"}]}'),
    ],
    ids=["rtf", "eml", "ipynb"],
)
def test_readers_of_whole_files_stop_at_the_memory_limit(name: str, data: bytes) -> None:
    assert get_refusal_code(name, data, replace(Limits(), memory_bytes=80_000_000)) == "too_complex"


def test_a_very_long_paragraph_comes_in_parts() -> None:
    found = extract("a.json", b'{"a": "' + b"x" * 1_000_000 + b'"}')

    assert sum(len(text) for section in found for text in section.paragraphs) == 1_000_000
    assert max(len(text) for section in found for text in section.paragraphs) == 100_000


def test_reading_stops_at_the_time_limit() -> None:
    assert get_refusal_code("a.txt", b"a\n\n" * 5_000_000, replace(Limits(), seconds=1)) == "timeout"


def test_a_compressed_pdf_stream_stops_at_the_memory_limit() -> None:
    """Nested Flate streams of 100 kB that unpack to 100 MB."""
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
        "from core.limited_process import forbid_connections_and_programs\n"
        "forbid_connections_and_programs()\n"
        "done = []\n"
        "for act in (lambda: socket.create_connection(('127.0.0.1', 9)), lambda: os.system('true'),\n"
        "            lambda: os.fork(), lambda: socket.getaddrinfo('example.com', 80)):\n"
        "    try:\n        act()\n    except PermissionError:\n        done.append(1)\n"
        "print(len(done))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "4"


def replace_member(data: bytes, name: str, text: str) -> bytes:
    import zipfile
    from io import BytesIO

    with zipfile.ZipFile(BytesIO(data)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    return make_zip({**members, name: text})
