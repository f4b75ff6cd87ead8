"""Old Office files and Outlook messages: their text, and what is refused of them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from gpts.knowledge.extraction import Remark, RemarkCode, UnreadableError
from tests.support.compound_files import make_compound, make_msg, make_ppt
from tests.support.extraction import read_here
from tests.support.knowledge_files import EICAR

INPUTS = Path(__file__).parent / "inputs"


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


HEAD = {"0037001F": utf16("Größe"), "0C1A001F": utf16("Ann"), "0E04001F": utf16("Bob")}
# The time of sending: ticks of 100 ns since 1601.
SENT = struct.pack("<IIQ", 0x00390040, 6, 134_120_790_000_000_000)


@pytest.mark.parametrize(
    ("properties", "texts"),
    [
        ({"1000001F": utf16("Open at seven.\r\n\r\nSecond.")}, ["Open at seven.", "Second."]),
        ({"1000001E": "Schlüssel".encode("cp1252")}, ["Schlüssel"]),
        ({"10130102": '<meta charset="euc-kr"><p>한국어</p>'.encode("euc_kr")}, ["한국어"]),
        ({"10090102": bytes.fromhex(
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")},
         ["hello world"]),
    ],
)  # fmt: skip
def test_an_outlook_message(properties: dict[str, bytes], texts: list[str]) -> None:
    found, remarks = read_here("a.msg", make_msg(HEAD | properties, {"plan.pdf": b"x"}, SENT))

    assert found == [
        ("Größe", "Subject: Größe\nFrom: Ann\nTo: Bob\nDate: 2026-01-05 09:30 UTC"),
        *(("Größe", text) for text in texts),
    ]
    assert remarks == [Remark(RemarkCode.EMBEDDED_FILES, names=("plan.pdf",))]


def test_an_old_presentation() -> None:
    data = make_ppt(("Hours", "Open at seven"), ("Gate", "Code 4417"), ("Secret", "No"), hidden=3)

    assert read_here("a.ppt", data) == (
        [("Hours", "Open at seven"), ("Gate", "Code 4417")],
        [Remark(RemarkCode.HIDDEN_SLIDES, ranges=((3, 3),))],
    )


WORD = struct.pack("<H8xH", 0xA5EC, 0x0100)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.ppt", make_ppt(("a", "b"), token=0xF3D1C4DF), "encrypted"),
        ("a.doc", make_compound({"WordDocument": WORD}), "encrypted"),
        ("a.xls", make_compound({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}), "encrypted"),
        ("a.doc", make_compound({"WordDocument": WORD, "Macros/VBA": b"x"}), "macros"),
        ("a.xls", make_compound({"Workbook": b"x", "_VBA_PROJECT_CUR/PROJECT": b"x"}), "macros"),
        ("a.doc", make_compound({"Other": b"x"}), "malformed"),
        ("a.xls", make_compound({"Workbook": b"x"}), "malformed"),
        ("a.ppt", make_compound({"Current User": b"x", "PowerPoint Document": b"x"}), "malformed"),
        ("a.msg", make_compound({"Other": b"x"}), "malformed"),
        ("a.msg", make_msg(HEAD, {"a.com": EICAR}), "malware"),
    ],
)  # fmt: skip
def test_a_compound_file_that_is_not_read(name: str, data: bytes, code: str) -> None:
    with pytest.raises(UnreadableError) as problem:
        read_here(name, data)

    assert problem.value.code == code


def test_pieces_of_a_document_that_overlap_are_refused() -> None:
    """A table of pieces that names one part of the file again and again would make gigabytes of text."""
    import olefile

    with olefile.OleFileIO(str(INPUTS / "depot.doc")) as file:
        body, table = (file.openstream(name).read() for name in ("WordDocument", "1Table"))
    count = 50_000
    positions = struct.pack(f"<{count + 1}I", *range(0, (count + 1) * 4_000, 4_000))
    pieces = positions + struct.pack("<HIH", 0, 0x40000000, 0) * count
    begin = len(table)
    table += b"\x02" + struct.pack("<I", len(pieces)) + pieces
    body = body[:0x01A2] + struct.pack("<II", begin, len(table) - begin) + body[0x01AA:]

    with pytest.raises(UnreadableError) as problem:
        read_here("a.doc", make_compound({"WordDocument": body, "1Table": table}))

    assert problem.value.code == "malformed"
