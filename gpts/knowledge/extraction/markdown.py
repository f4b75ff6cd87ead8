"""Markdown: sections by headings, paragraphs by empty lines, wrapped lines joined, code blocks kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpts.knowledge.extraction.decoding import iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source, join_headings

_HEADING = re.compile(r"(#{1,6})\s+(.{1,1000}?)\s*#*$")
_FENCE = ("```", "~~~")
# Lines that do not continue the one before: list items, quotations, table rows, indented code.
_BEGINS = re.compile(r"\s*(?:[-*+>|#=]|\d{1,9}[.)]\s)|\s{4}|\t")
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def read(source: Source) -> Iterator[Section]:
    path: list[str] = []
    held: list[str] = []
    size = 0
    in_code = False
    with source.path.open("rb") as file:
        for line in iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT):
            if line.lstrip().startswith(_FENCE):
                in_code = not in_code
            match = None if in_code else _HEADING.match(line)
            is_end = match is not None or (not line.strip() and not in_code) or size > PARAGRAPH_LIMIT
            if is_end and held:
                yield Section(join_headings(path), (_join_wrapped_lines(held),))
                held, size = [], 0
            if match is not None:
                level = len(match[1])
                path = [*path[: level - 1], *[""] * (level - 1 - len(path)), match[2]]
            elif line.strip() or (in_code and held):
                held.append(line)
                size += len(line)
    if held:
        yield Section(join_headings(path), (_join_wrapped_lines(held),))


def _join_wrapped_lines(lines: list[str]) -> str:
    """Return a paragraph with wrapped lines joined, as Markdown renders them; code blocks unchanged."""
    if any(line.lstrip().startswith(_FENCE) for line in lines):
        return "\n".join(lines).strip()
    joined: list[str] = []
    for line in lines:
        before = joined[-1] if joined else ""
        if (
            not before
            or _BEGINS.match(line)
            or before.lstrip().startswith("|")
            or before.endswith(("  ", "\\"))
        ):
            joined.append(line)
            continue
        text = line.strip()
        gap = "" if _WIDE.match(before.rstrip()[-1]) and _WIDE.match(text) else " "
        joined[-1] = f"{before.rstrip()}{gap}{text}"
    return "\n".join(joined).strip()
