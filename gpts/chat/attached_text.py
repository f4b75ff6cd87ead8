"""Text of attached files for a prompt: cut into pieces, and the best of them for a question. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PIECE_LENGTH = 1_000
# All pieces of up to so many characters are given whole, in their order.
WHOLE_CHARACTERS = 24_000
MOST_PIECES = 60
_LETTER = r"[a-z0-9\u00c0-\u024f\u0370-\u04ff]"
_WORD = re.compile(_LETTER + "{2,}")
_ENDS = ("ing", "ed", "es", "s")
_CHINESE_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？；]|\n|$)", re.DOTALL)
_SATURATION = 1.2
_LENGTH_SHARE = 0.5
_STOP = frozenset(
    re.findall(
        r"\w+",
        "the a an of to in is are was were be it its this that these those and or for on with as at by from"
        " what which who how when where why do does did me my you your i we they he she not no can",
    )
)


@dataclass(frozen=True)
class Piece:
    """A stretch of a file. ``position`` counts from 1; ``heading`` is the nearest one above."""

    source: int
    position: int
    heading: str
    text: str


def pieces_of(source: int, text: str) -> list[Piece]:
    """Cut the text of a file, whose headings stand on lines of their own behind "# ", into pieces."""
    found: list[Piece] = []
    heading, held = "", ""

    def put() -> None:
        nonlocal held
        if held.strip():
            found.append(Piece(source, len(found) + 1, heading, held.strip()))
        held = ""

    for paragraph in text.split("\n\n"):
        if paragraph.startswith("# ") and "\n" not in paragraph:
            put()
            heading = paragraph[2:]
            continue
        for part in _bounded(paragraph):
            if held and len(held) + len(part) + 2 > PIECE_LENGTH:
                put()
            held = f"{held}\n\n{part}" if held else part
    put()
    return found


def _bounded(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= PIECE_LENGTH:
        yield paragraph
        return
    held = ""
    for sentence in _SENTENCE.findall(paragraph):
        for start in range(0, len(sentence), PIECE_LENGTH):
            part = sentence[start : start + PIECE_LENGTH]
            if held and len(held) + len(part) > PIECE_LENGTH:
                yield held
                held = ""
            held += part
    if held:
        yield held


def choose(pieces: Sequence[Piece], question: str, room: int, *, is_quoted: bool = False) -> list[Piece]:
    """Return the pieces for a prompt with ``room`` characters for them.

    Everything in its order when it fits; else the best for the question, first those. ``is_quoted`` asks for
    the best even then: the offline model quotes the first ones.
    """
    whole = sum(len(piece.text) for piece in pieces)
    if whole <= min(room, WHOLE_CHARACTERS) and len(pieces) <= MOST_PIECES and not is_quoted:
        return list(pieces)
    chosen: list[Piece] = []
    for piece in _ranked(pieces, question):
        if len(piece.text) > room or len(chosen) == MOST_PIECES:
            break
        room -= len(piece.text)
        chosen.append(piece)
    return chosen


def _ranked(pieces: Sequence[Piece], question: str) -> list[Piece]:
    """By the words that they share with the question (BM25); what shares none keeps its order, last."""
    counts = _counts(pieces, set(terms(question)))
    spread = Counter(term for count in counts for term in count)
    average = sum(len(piece.text) for piece in pieces) / max(len(pieces), 1)

    def score(at: int) -> float:
        length = 1 - _LENGTH_SHARE + _LENGTH_SHARE * len(pieces[at].text) / max(average, 1)
        total = 0.0
        for term, often in counts[at].items():
            rarity = math.log(1 + (len(pieces) - spread[term] + 0.5) / (spread[term] + 0.5))
            total += rarity * often * (_SATURATION + 1) / (often + _SATURATION * length)
        return total

    order = sorted(range(len(pieces)), key=lambda at: (-score(at), at))
    return [pieces[at] for at in order]


def _counts(pieces: Sequence[Piece], asked: set[str]) -> list[Counter[str]]:
    """How often each piece has each asked term. Nothing else of a text is taken apart: files are long."""
    chinese = [term for term in asked if _CHINESE_RUN.match(term)]
    stems = sorted(asked.difference(chinese))
    words = re.compile(rf"(?<!{_LETTER})(?:{'|'.join(stems)})(?:{'|'.join(_ENDS)})?(?!{_LETTER})")
    counts = []
    for piece in pieces:
        text = f"{piece.heading}\n{piece.text}"
        found = (_stem(word) for word in words.findall(text.lower())) if stems else ()
        count = Counter(term for term in found if term in asked)
        for term in chinese:
            if often := text.count(term):
                count[term] = often
        counts.append(count)
    return counts


def terms(text: str) -> list[str]:
    """Return Latin words without their commonest ends, and each pair of neighbouring Chinese characters."""
    lowered = text.lower()
    found = [_stem(word) for word in _WORD.findall(lowered) if word not in _STOP]
    for run in _CHINESE_RUN.findall(text):
        found.extend([run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)])
    return found


def _stem(word: str) -> str:
    for end in _ENDS:
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word
