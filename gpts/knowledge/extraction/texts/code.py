"""Source code: a section for each function, class or block that starts without indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpts.knowledge.extraction.charsets.decoding import iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source

_BEGINNING = re.compile(
    r"(?:export\s+|public\s+|private\s+|protected\s+|static\s+|async\s+|default\s+|pub\s+|abstract\s+|final\s+)*"
    r"(?:def|class|function|func|fn|interface|trait|impl|struct|enum|type|module|namespace|object"
    r"|CREATE\s+\w+|create\s+\w+)\s+([\w$](?:[\w.$]|::(?=\w)){0,119})"
)


def read(source: Source) -> Iterator[Section]:
    heading = ""
    held: list[str] = []
    size = 0
    with source.path.open("rb") as file:
        for line in iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT, source):
            match = _BEGINNING.match(line)
            if match is not None or (not line.strip() and size > 600) or size > PARAGRAPH_LIMIT:
                yield from _section(heading, held)
                held, size = [], 0
            if match is not None:
                heading = match[1]
            held.append(line)
            size += len(line) + 1
    yield from _section(heading, held)


def _section(heading: str, lines: list[str]) -> Iterator[Section]:
    text = "\n".join(lines).strip("\n").rstrip()
    if text.strip():
        yield Section(heading, (text,))
