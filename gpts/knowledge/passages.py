"""Splitting extracted sections into passages short enough to quote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gpts.knowledge.extraction.types import Section

PASSAGE_LENGTH = 900
PASSAGE_LIMIT = 1_400
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？；]|\n|$)", re.DOTALL)


@dataclass(frozen=True)
class PassageText:
    """The content of one passage. ``paragraph`` numbers its first paragraph in the document, from 1.

    ``rows`` are the first and last row of the sheet or CSV that it comes from.
    """

    heading: str
    text: str
    page: int | None = None
    paragraph: int = 1
    rows: tuple[int, int] | None = None


def split_into_passages(sections: Iterable[Section]) -> Iterator[PassageText]:
    """Join paragraphs of one heading and page up to PASSAGE_LENGTH characters; cut longer ones at sentences.

    A generator that holds one passage at a time, so memory does not grow with the document.
    """
    held = ""
    heading = ""
    page: int | None = None
    first = number = 0
    rows: tuple[int, int] | None = None
    for section in sections:
        if held and (section.heading, section.page) != (heading, page):
            yield PassageText(heading, held, page, first, rows)
            held = ""
        heading, page = section.heading, section.page
        for paragraph in section.paragraphs:
            number += 1
            for part in _split_paragraph(paragraph):
                if held and len(held) + len(part) + 2 > PASSAGE_LENGTH:
                    yield PassageText(heading, held, page, first, rows)
                    held = ""
                if held:
                    held, rows = f"{held}\n\n{part}", join_rows(rows, section.rows)
                else:
                    held, first, rows = part, number, section.rows
    if held:
        yield PassageText(heading, held, page, first, rows)


def join_rows(one: tuple[int, int] | None, two: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the rows from the first to the last of both."""
    if one is None or two is None:
        return one or two
    return min(one[0], two[0]), max(one[1], two[1])


def _split_paragraph(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= PASSAGE_LIMIT:
        yield paragraph
        return
    held = ""
    for sentence in _SENTENCE.findall(paragraph):
        # Text without sentence ends (a long line of data) is cut at the limit.
        for start in range(0, len(sentence), PASSAGE_LENGTH):
            part = sentence[start : start + PASSAGE_LENGTH]
            if held and len(held) + len(part) > PASSAGE_LENGTH:
                yield held.strip()
                held = ""
            held += part
    if held.strip():
        yield held.strip()
