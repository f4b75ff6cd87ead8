"""From sections to passages of a size that can be quoted, and the words by which they are found. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gpts.knowledge.extraction.types import Section

PASSAGE_LENGTH = 900
PASSAGE_LIMIT = 1_400
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？；]|\n|$)", re.DOTALL)

_CHINESE_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_CHINESE_STOP = frozenset("的了是在我你他她它们这那吗呢吧啊和与及或也都就很有要请为把被对从到之其么什怎")
QUERY_TERMS = 64


@dataclass(frozen=True)
class PassageText:
    """Text for one passage. ``paragraph`` is the number of its first paragraph in the document, from 1."""

    heading: str
    text: str
    page: int | None = None
    paragraph: int = 1


def split_into_passages(sections: Iterable[Section]) -> Iterator[PassageText]:
    """Join paragraphs under one heading and page up to PASSAGE_LENGTH characters; cut longer ones at
    sentences. Holds one passage at a time, however long the document is.
    """
    held = ""
    place: tuple[str, int | None] = ("", None)
    first = number = 0
    for section in sections:
        here = (section.heading, section.page)
        if held and here != place:
            yield PassageText(place[0], held, place[1], first)
            held = ""
        place = here
        for paragraph in section.paragraphs:
            number += 1
            for part in _bounded(paragraph):
                if held and len(held) + len(part) + 2 > PASSAGE_LENGTH:
                    yield PassageText(place[0], held, place[1], first)
                    held = ""
                if held:
                    held = f"{held}\n\n{part}"
                else:
                    held, first = part, number
    if held:
        yield PassageText(place[0], held, place[1], first)


def _bounded(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= PASSAGE_LIMIT:
        yield paragraph
        return
    held = ""
    for sentence in _SENTENCE.findall(paragraph):
        # A "sentence" without an end (a long line of data) is cut where it must be.
        for start in range(0, len(sentence), PASSAGE_LENGTH):
            part = sentence[start : start + PASSAGE_LENGTH]
            if held and len(held) + len(part) > PASSAGE_LENGTH:
                yield held.strip()
                held = ""
            held += part
    if held.strip():
        yield held.strip()


def western_words(text: str) -> str:
    """Return ``text`` without its Chinese, for PostgreSQL's English analysis."""
    return _CHINESE_RUN.sub(" ", text)


def chinese_bigrams(text: str) -> list[str]:
    """Return each pair of neighbouring Chinese characters; a character that stands alone is kept alone.

    Chinese has no spaces between words and most words have two characters, so pairs find them without
    a dictionary.
    """
    grams: list[str] = []
    for run in _CHINESE_RUN.findall(text):
        grams.extend([run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)])
    return grams


def query_bigrams(text: str) -> list[str]:
    """Return the pairs worth asking for: those of function words alone ("的是") find everything."""
    grams = dict.fromkeys(chinese_bigrams(text))
    return [gram for gram in grams if not set(gram) <= _CHINESE_STOP][:QUERY_TERMS]
