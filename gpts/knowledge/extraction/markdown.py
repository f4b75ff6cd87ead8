"""Markdown: sections by headings, paragraphs by empty lines, wrapped lines joined, code blocks kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from gpts.knowledge.extraction.decoding import iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source, join_headings, shorten_heading

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
            heading = None if in_code else _parse_heading(line)
            is_end = heading is not None or (not line.strip() and not in_code) or size > PARAGRAPH_LIMIT
            if is_end and held:
                yield Section(join_headings(path), (_join_wrapped_lines(held),))
                held, size = [], 0
            if heading is not None:
                level, title = heading
                path = [*path[: level - 1], *[""] * (level - 1 - len(path)), title]
            elif line.strip() or (in_code and held):
                held.append(line)
                size += len(line)
    if held:
        yield Section(join_headings(path), (_join_wrapped_lines(held),))


def _parse_heading(line: str) -> tuple[int, str] | None:
    """Return level and title of a heading; without a regular expression, as lines may be very long."""
    rest = line.lstrip("#")
    level = len(line) - len(rest)
    if not 1 <= level <= 6 or rest[:1] not in (" ", "\t"):
        return None
    title = rest.strip().rstrip("#").rstrip()
    return (level, shorten_heading(title)) if title else None


def _join_wrapped_lines(lines: list[str]) -> str:
    """Return a paragraph with wrapped lines joined, as Markdown renders them; code blocks unchanged."""
    if any(line.lstrip().startswith(_FENCE) for line in lines):
        return "\n".join(lines).strip()
    parts = [lines[0]]
    is_row = lines[0].lstrip().startswith("|")
    for before, line in pairwise(lines):
        if is_row or not before or _BEGINS.match(line) or before.endswith(("  ", "\\")):
            parts += ["\n", line]
            is_row = line.lstrip().startswith("|")
            continue
        text, end = line.strip(), parts.pop().rstrip()
        gap = "" if _WIDE.match(end[-1:]) and _WIDE.match(text) else " "
        parts += [end, gap, text]
    return "".join(parts).strip()
