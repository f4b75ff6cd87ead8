"""The byte layout of the inverted index of a document's segment. Pure.

A segment covers up to SEGMENT_PASSAGES passages. Its terms are distributed over blocks by a hash, so that a
question with ten terms reads ten small blocks of a document, however long that is. A block is::

    u32 length of names, u32 count, names (NUL between, before and after), u32 offsets[count + 1], postings

with postings of (u16 index of the passage in the segment, u8 occurrences). A segment also has its vocabulary:
the unstemmed words by first letter and length, for correcting typing errors.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gpts.knowledge.retrieval.terms import extract_terms, extract_words

SEGMENT_PASSAGES = 16_384
# Rows below two kilobytes are stored in the table itself; PostgreSQL moves larger ones to TOAST.
BLOCK_BYTES = 1_400
HEADING_OCCURRENCES = 2
MAX_OCCURRENCES = 255
MAX_LENGTH = 65_535

POSTING = np.dtype([("passage", "<u2"), ("count", "u1")])
Postings = npt.NDArray[np.void]
_PACK = struct.Struct("<HB").pack
_HEAD = struct.Struct("<II")


@dataclass
class Segment:
    """A packed segment: ``lengths`` has a u16 for each passage, ``shelves`` words by get_shelf_key."""

    passage_count: int = 0
    lengths: bytes = b""
    blocks: list[bytes] = field(default_factory=list)
    shelves: dict[str, str] = field(default_factory=dict)


class SegmentBuilder:
    """Builds one segment of passages that are added in order."""

    def __init__(self) -> None:
        self._postings: dict[str, bytearray] = {}
        self._lengths: list[int] = []
        self._words: set[str] = set()

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, heading: str, text: str) -> None:
        terms = extract_terms(text)
        counts = Counter(terms)
        for term in extract_terms(heading):
            counts[term] += HEADING_OCCURRENCES
        passage = len(self._lengths)
        self._lengths.append(min(len(terms), MAX_LENGTH))
        self._words.update(extract_words(text), extract_words(heading))
        postings = self._postings
        for term, count in counts.items():
            packed = _PACK(passage, min(count, MAX_OCCURRENCES))
            held = postings.get(term)
            if held is None:
                postings[term] = bytearray(packed)
            else:
                held += packed

    def build(self) -> Segment:
        size = sum(len(term) + len(held) + 6 for term, held in self._postings.items())
        count = max(1, -(-size // BLOCK_BYTES))
        terms_by_block: list[list[str]] = [[] for _ in range(count)]
        for term in self._postings:
            terms_by_block[get_block_number(term, count)].append(term)
        return Segment(
            passage_count=len(self._lengths),
            lengths=np.array(self._lengths, dtype="<u2").tobytes(),
            blocks=[_pack_block((term, self._postings[term]) for term in terms) for terms in terms_by_block],
            shelves=_group_words(self._words),
        )


def get_block_number(term: str, count: int) -> int:
    """Return which of ``count`` blocks has the postings of ``term``."""
    return zlib.crc32(term.encode()) % count


def find_postings(block: bytes, term: str) -> Postings | None:
    """Return the postings of a term in its block; None when the segment does not have the term."""
    names_length, _count = _HEAD.unpack_from(block)
    start = _HEAD.size
    end = start + names_length
    found = block.find(b"\0" + term.encode() + b"\0", start, end)
    if found < 0:
        return None
    ordinal = block.count(b"\0", start, found)
    first, last = _HEAD.unpack_from(block, end + 4 * ordinal)
    return np.frombuffer(block, POSTING, (last - first) // POSTING.itemsize, first)


def get_shelf_key(letter: str, length: int) -> str:
    return f"{letter}{length}"


def _pack_block(entries: Iterable[tuple[str, bytearray]]) -> bytes:
    held = list(entries)
    names = b"\0" + b"".join(term.encode() + b"\0" for term, _postings in held)
    offset = _HEAD.size + len(names) + 4 * (len(held) + 1)
    offsets = []
    for _term, postings in held:
        offsets.append(offset)
        offset += len(postings)
    offsets.append(offset)
    return b"".join(
        (
            _HEAD.pack(len(names), len(held)),
            names,
            struct.pack(f"<{len(offsets)}I", *offsets),
            *(bytes(postings) for _term, postings in held),
        )
    )


def _group_words(words: set[str]) -> dict[str, str]:
    shelves: dict[str, list[str]] = {}
    for word in words:
        shelves.setdefault(get_shelf_key(word[0], len(word)), []).append(word)
    return {key: " ".join(sorted(held)) for key, held in shelves.items()}
