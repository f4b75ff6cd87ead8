"""What a search reads of the index: which documents a GPT answers from, postings, words, passages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from gpts.models import GPT, IndexSegment, IndexShelf, KnowledgeFile, Version
from gpts.retrieval.mending import reach_of
from gpts.retrieval.postings import Postings, block_number, postings_in, shelf_key
from gpts.retrieval.ranking import Candidate, Stretch
from gpts.states import FileState

_BLOCKS = (
    "SELECT wanted.place, wanted.number, block.data FROM unnest(%s::int[], %s::bigint[], %s::int[])"
    " AS wanted(place, segment_id, number)"
    " JOIN gpts_indexblock AS block ON block.segment_id = wanted.segment_id AND block.number = wanted.number"
)


@dataclass(frozen=True)
class Library:
    """The documents that a GPT answers from: shown names by document, and its segments."""

    names: dict[int, str]
    stretches: tuple[Stretch, ...]
    segment_ids: tuple[int, ...]
    block_counts: tuple[int, ...]

    @property
    def passage_count(self) -> int:
        return sum(len(stretch.lengths) for stretch in self.stretches)


def library_of(gpt: GPT, version: Version | None) -> Library:
    """Return what ``version`` was frozen with, or what the draft holds without one."""
    files = dict(_files(gpt, version).order_by("-id").values_list("document_id", "name"))
    rows = IndexSegment.objects.filter(document_id__in=list(files)).order_by("document_id", "first")
    segments = list(rows)
    return Library(
        names=files,
        stretches=tuple(
            Stretch(row.document_id, row.first, np.frombuffer(bytes(row.lengths), dtype="<u2"))
            for row in segments
        ),
        segment_ids=tuple(row.pk for row in segments),
        block_counts=tuple(row.block_count for row in segments),
    )


def document_ids(gpt: GPT) -> list[int]:
    """Return the documents that the draft answers from; the scope limits whose."""
    return list(_files(gpt, None).values_list("document_id", flat=True))


def _files(gpt: GPT, version: Version | None) -> QuerySet[KnowledgeFile]:
    found = KnowledgeFile.objects.filter(gpt=gpt, document__state=FileState.READY)
    if version is None:
        return found.filter(removed_at__isnull=True)
    return found.filter(content_hash__in=version.knowledge_hashes, erased_at__isnull=True)


def postings_of(library: Library, terms: Iterable[str]) -> dict[tuple[int, str], Postings]:
    """Return the postings of each term by (place of the segment in the library, term)."""
    wanted: dict[tuple[int, int], list[str]] = {}
    for term in terms:
        for place, count in enumerate(library.block_counts):
            wanted.setdefault((place, block_number(term, count)), []).append(term)
    if not wanted:
        return {}
    places = [place for place, _number in wanted]
    found: dict[tuple[int, str], Postings] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _BLOCKS,
            [
                places,
                [library.segment_ids[place] for place in places],
                [number for _place, number in wanted],
            ],
        )
        for place, number, data in cursor.fetchall():
            block = bytes(data)
            for term in wanted[place, number]:
                postings = postings_in(block, term)
                if postings is not None:
                    found[place, term] = postings
    return found


def words_near(library: Library, word: str) -> set[str]:
    """Return the words of the library among which a mistyped one may be found."""
    keys = [shelf_key(letter, length) for letter, length in reach_of(word)]
    shelves = IndexShelf.objects.filter(segment_id__in=library.segment_ids, key__in=keys)
    return {known for words in shelves.values_list("words", flat=True) for known in words.split()}


def passages_at(places: Sequence[Candidate]) -> dict[tuple[int, int], dict[str, Any]]:
    """Return passages by (document, position)."""
    if not places:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, p.document_id, p.position, p.heading, p.page, p.paragraph, p.text"
            " FROM unnest(%s::bigint[], %s::int[]) AS wanted(document_id, position)"
            " JOIN gpts_passage AS p ON p.document_id = wanted.document_id AND p.position = wanted.position",
            [[place.document for place in places], [place.position for place in places]],
        )
        return {(row[1], row[2]): dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()}


_COLUMNS = ("id", "document_id", "position", "heading", "page", "paragraph", "text")
