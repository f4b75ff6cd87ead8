"""From sections to passages of a size that can be quoted, and the words by which they are found. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpts.extraction import Section

PASSAGE_LENGTH = 900
PASSAGE_LIMIT = 1_400
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？；]|\n|$)", re.DOTALL)
_CHINESE_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_CHINESE_STOP = frozenset("的了是在我你他她它们这那吗呢吧啊和与及或也都就很有要请为把被对从到之其么什怎")
QUERY_TERMS = 64


@dataclass(frozen=True)
class Piece:
    heading: str
    text: str


def split(sections: list[Section]) -> list[Piece]:
    """Join paragraphs of a section up to PASSAGE_LENGTH characters; cut longer ones at sentences."""
    pieces: list[Piece] = []
    for section in sections:
        pieces.extend(Piece(section.heading, text) for text in _pack(section.paragraphs))
    return pieces


def _pack(paragraphs: tuple[str, ...]) -> Iterator[str]:
    held = ""
    for paragraph in paragraphs:
        for part in _bounded(paragraph):
            if held and len(held) + len(part) + 2 > PASSAGE_LENGTH:
                yield held
                held = part
            else:
                held = f"{held}\n\n{part}" if held else part
    if held:
        yield held


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
