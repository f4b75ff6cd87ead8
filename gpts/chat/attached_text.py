"""Split the text of attached files into pieces and rank them for a question. Pure functions.

By BM25, and by meaning where pieces have vectors. The terms are those of knowledge, so that a language that
is found there is found here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gpts.knowledge.retrieval.terms import extract_query_terms, get_kind_weight, locate_terms

PIECE_LENGTH = 1_000
# Up to this many characters in all, every piece goes into the prompt, in order.
UNCUT_CHARACTERS = 24_000
MAX_PIECES = 60
# The terms of a question by which pieces are ranked. The time grows with their number times the length of the
# files.
MAX_TERMS = 64
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？；]|\n|$)", re.DOTALL)
_SATURATION = 1.2
_LENGTH_SHARE = 0.5
# Of reciprocal rank fusion: how little the first ranks of one order outweigh those of the other.
_FUSION_RANK = 20


@dataclass(frozen=True)
class Piece:
    """A part of a file's text. ``position`` counts from 1; ``heading`` is the nearest one above."""

    source: int
    position: int
    heading: str
    text: str


def split_into_pieces(source: int, text: str) -> list[Piece]:
    """Split the text of a file into pieces. A paragraph that begins with "# " is a heading."""
    pieces: list[Piece] = []
    heading, buffer = "", ""

    def flush() -> None:
        nonlocal buffer
        if buffer.strip():
            pieces.append(Piece(source, len(pieces) + 1, heading, buffer.strip()))
        buffer = ""

    for paragraph in text.split("\n\n"):
        if paragraph.startswith("# ") and "\n" not in paragraph:
            flush()
            heading = paragraph[2:]
            continue
        for part in _split_paragraph(paragraph):
            if buffer and len(buffer) + len(part) + 2 > PIECE_LENGTH:
                flush()
            buffer = f"{buffer}\n\n{part}" if buffer else part
    flush()
    return pieces


def _split_paragraph(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= PIECE_LENGTH:
        yield paragraph
        return
    buffer = ""
    for sentence in _SENTENCE.findall(paragraph):
        for start in range(0, len(sentence), PIECE_LENGTH):
            part = sentence[start : start + PIECE_LENGTH]
            if buffer and len(buffer) + len(part) > PIECE_LENGTH:
                yield buffer
                buffer = ""
            buffer += part
    if buffer:
        yield buffer


def choose_pieces(
    pieces: Sequence[Piece],
    question: str,
    character_limit: int,
    *,
    best_first: bool = False,
    similarities: Mapping[tuple[int, int], float] | None = None,
) -> list[Piece]:
    """Return the pieces that go into a prompt, at most ``character_limit`` characters.

    All of them in order when they fit; otherwise ranked for the question, best first. ``best_first`` ranks
    them always, for the offline model, which quotes the first ones. ``similarities`` are cosines of the
    question and of pieces by (source, position); pieces without one are ranked by words.
    """
    whole = sum(len(piece.text) for piece in pieces)
    if whole <= min(character_limit, UNCUT_CHARACTERS) and len(pieces) <= MAX_PIECES and not best_first:
        return list(pieces)
    chosen: list[Piece] = []
    for piece in _rank_pieces(pieces, question, similarities or {}):
        if len(piece.text) > character_limit or len(chosen) == MAX_PIECES:
            break
        character_limit -= len(piece.text)
        chosen.append(piece)
    return chosen


def _rank_pieces(
    pieces: Sequence[Piece], question: str, similarities: Mapping[tuple[int, int], float]
) -> list[Piece]:
    """Order by BM25 of the terms shared with the question, fused with the order by ``similarities``.

    Pieces that neither has come last, in order.
    """
    terms = extract_query_terms(question)[:MAX_TERMS]
    counts = [_count_terms(piece, terms) for piece in pieces]
    holders = Counter(term for count in counts for term in count)
    average = sum(len(piece.text) for piece in pieces) / max(len(pieces), 1)

    def score(at: int) -> float:
        length = 1 - _LENGTH_SHARE + _LENGTH_SHARE * len(pieces[at].text) / max(average, 1)
        total = 0.0
        for term, frequency in counts[at].items():
            rarity = math.log(1 + (len(pieces) - holders[term] + 0.5) / (holders[term] + 0.5))
            share = frequency * (_SATURATION + 1) / (frequency + _SATURATION * length)
            total += get_kind_weight(term) * rarity * share
        return total

    scores = [score(at) for at in range(len(pieces))]
    by_words = sorted((at for at, value in enumerate(scores) if value > 0), key=lambda at: (-scores[at], at))
    if not similarities:
        missing = [at for at, value in enumerate(scores) if value <= 0]
        return [pieces[at] for at in (*by_words, *missing)]
    cosines = {
        at: similarities[piece.source, piece.position]
        for at, piece in enumerate(pieces)
        if (piece.source, piece.position) in similarities
    }
    by_meaning = sorted(cosines, key=lambda at: (-cosines[at], at))
    fused = [0.0] * len(pieces)
    for order in (by_words, by_meaning):
        for rank, at in enumerate(order):
            fused[at] += 1 / (_FUSION_RANK + rank)
    return [pieces[at] for at in sorted(range(len(pieces)), key=lambda at: (-fused[at], at))]


def _count_terms(piece: Piece, terms: Sequence[str]) -> dict[str, int]:
    """Count the terms in a piece, without splitting the whole of it into terms, because files are long."""
    found = locate_terms(terms, f"{piece.heading}\n{piece.text}")
    return {term: len(places) for term, places in found.items()}
