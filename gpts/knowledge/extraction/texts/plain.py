"""Plain text: paragraphs separated by empty lines."""

from __future__ import annotations

from collections.abc import Iterator

from gpts.knowledge.extraction.charsets.decoding import iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        for paragraph in iter_paragraphs(CountedFile(file, source), source):
            yield Section("", (paragraph,))


def iter_paragraphs(file: CountedFile, source: Source) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for line in iter_lines(file, PARAGRAPH_LIMIT, source):
        if line.strip():
            held.append(line)
            size += len(line)
        if held and (not line.strip() or size > PARAGRAPH_LIMIT):
            yield "\n".join(held).strip()
            held, size = [], 0
    if held:
        yield "\n".join(held).strip()
