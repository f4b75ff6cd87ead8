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
    """The content of one passage. ``paragraph`` numbers its first paragraph in the document, from 1."""

    heading: str
    text: str
    page: int | None = None
    paragraph: int = 1


def split_into_passages(sections: Iterable[Section]) -> Iterator[PassageText]:
    """Join paragraphs of one heading and page up to PASSAGE_LENGTH characters; cut longer ones at sentences.

    A generator that holds one passage at a time, so memory does not grow with the document.
    """
    held = ""
    heading = ""
    page: int | None = None
    first = number = 0
    for section in sections:
        if held and (section.heading, section.page) != (heading, page):
            yield PassageText(heading, held, page, first)
            held = ""
        heading, page = section.heading, section.page
        for paragraph in section.paragraphs:
            number += 1
            for part in _split_paragraph(paragraph):
                if held and len(held) + len(part) + 2 > PASSAGE_LENGTH:
                    yield PassageText(heading, held, page, first)
                    held = ""
                if held:
                    held = f"{held}\n\n{part}"
                else:
                    held, first = part, number
    if held:
        yield PassageText(heading, held, page, first)


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
