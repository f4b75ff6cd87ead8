"""What the readers of knowledge files make of some bytes."""

from __future__ import annotations

from gpts.knowledge.extraction import Remark, extract, iter_sections


def read_lines(data: bytes, name: str = "a.docx") -> list[str]:
    return [text for section in extract(name, data) for text in section.paragraphs]


def read_remarks(data: bytes, name: str = "a.docx") -> list[Remark]:
    remarks: list[Remark] = []
    list(iter_sections(name, data, take_remark=remarks.append))
    return remarks
