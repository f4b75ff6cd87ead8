"""What a search loads: the documents a GPT answers from, postings, similar words, passages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from gpts.assistants.models import GPT, Version
from gpts.knowledge.models import IndexShelf, KnowledgeFile
from gpts.knowledge.retrieval.postings import Postings, find_postings, get_block_number, get_shelf_key
from gpts.knowledge.retrieval.ranking import Candidate, SegmentLengths
from gpts.knowledge.retrieval.spelling import list_similar_shapes
from gpts.knowledge.retrieval.terms import TERMS_VERSION
from gpts.knowledge.states import FileState
from gpts.llm.states import ModelKind

# One query for what every question needs; in SQL, as building it with the ORM takes longer. A document of
# another workspace is never read, even if a row points to it: jobs see the rows of all workspaces.
_INDEX_QUERY = """
SELECT held.document_id, held.name, s.id, s.first, s.block_count, s.lengths, s.terms_version,
       EXISTS (SELECT FROM gpts_languagemodel WHERE kind = %s)
FROM (
  SELECT DISTINCT ON (f.document_id) f.document_id, f.name
  FROM gpts_knowledgefile AS f JOIN gpts_document AS d ON d.id = f.document_id
  WHERE f.gpt_id = %s AND d.workspace_id = %s AND {condition} AND d.state = %s
  ORDER BY f.document_id, f.id
) AS held LEFT JOIN gpts_indexsegment AS s ON s.document_id = held.document_id AND s.workspace_id = %s
ORDER BY held.document_id, s.first
"""
_BLOCKS_QUERY = (
    "SELECT wanted.segment, wanted.number, block.data FROM unnest(%s::int[], %s::bigint[], %s::int[])"
    " AS wanted(segment, segment_id, number)"
    " JOIN gpts_indexblock AS block ON block.segment_id = wanted.segment_id AND block.number = wanted.number"
)
_PASSAGE_COLUMNS = (
    "id", "document_id", "position", "heading", "page", "paragraph", "text", "first_row", "last_row",
)  # fmt: skip


@dataclass(frozen=True)
class SearchIndex:
    """The documents that a GPT answers from: names by document id, and their index segments.

    The tuples have an item for each segment. ``may_have_vectors``: the instance has an embeddings model.
    """

    names: dict[int, str]
    segments: tuple[SegmentLengths, ...]
    segment_ids: tuple[int, ...]
    block_counts: tuple[int, ...]
    terms_versions: tuple[int, ...]
    may_have_vectors: bool = True

    @property
    def has_old_terms(self) -> bool:
        """Whether a segment was built by older rules for terms and waits to be rebuilt."""
        return any(version < TERMS_VERSION for version in self.terms_versions)

    @property
    def passage_count(self) -> int:
        return sum(len(segment.lengths) for segment in self.segments)


def load_search_index(gpt: GPT, version: Version | None) -> SearchIndex:
    """Return the index of the files that ``version`` was frozen with, or of the draft without one."""
    condition = "f.removed_at IS NULL"
    values: list[Any] = [gpt.pk, gpt.workspace_id]
    if version is not None:
        condition = "f.erased_at IS NULL AND f.content_hash = ANY(%s)"
        values.append(list(version.knowledge_hashes))
    with connection.cursor() as cursor:
        cursor.execute(
            _INDEX_QUERY.format(condition=condition),
            [ModelKind.EMBEDDING, *values, FileState.READY, gpt.workspace_id],
        )
        rows = cursor.fetchall()
    segments = [row for row in rows if row[2] is not None]
    return SearchIndex(
        names={row[0]: row[1] for row in rows},
        segments=tuple(
            SegmentLengths(document, first, np.frombuffer(bytes(lengths), dtype="<u2"))
            for document, _name, _pk, first, _blocks, lengths, _version, _has_model in segments
        ),
        segment_ids=tuple(row[2] for row in segments),
        block_counts=tuple(row[4] for row in segments),
        terms_versions=tuple(row[6] for row in segments),
        may_have_vectors=any(row[7] for row in rows),
    )


def list_document_ids(gpt: GPT) -> list[int]:
    """Return the ids of the documents that the draft answers from, in the open scope."""
    return list(_files(gpt, None).values_list("document_id", flat=True))


def _files(gpt: GPT, version: Version | None) -> QuerySet[KnowledgeFile]:
    found = KnowledgeFile.objects.filter(
        gpt=gpt, document__workspace_id=gpt.workspace_id, document__state=FileState.READY
    )
    if version is None:
        return found.filter(removed_at__isnull=True)
    return found.filter(content_hash__in=version.knowledge_hashes, erased_at__isnull=True)


def load_postings(
    index: SearchIndex, terms: Iterable[str], old_terms: Mapping[str, str]
) -> dict[tuple[int, str], Postings]:
    """Return postings by (position of the segment in ``index.segments``, term).

    ``old_terms`` says what a term is called in segments of older rules (terms_v1).
    """
    wanted: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for term in terms:
        for segment, (count, version) in enumerate(
            zip(index.block_counts, index.terms_versions, strict=True)
        ):
            held = term if version == TERMS_VERSION else old_terms.get(term, term)
            wanted.setdefault((segment, get_block_number(held, count)), []).append((term, held))
    if not wanted:
        return {}
    segments = [segment for segment, _number in wanted]
    found: dict[tuple[int, str], Postings] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _BLOCKS_QUERY,
            [
                segments,
                [index.segment_ids[segment] for segment in segments],
                [number for _segment, number in wanted],
            ],
        )
        for segment, number, data in cursor.fetchall():
            block = bytes(data)
            for term, held in wanted[segment, number]:
                postings = find_postings(block, held)
                if postings is not None:
                    found[segment, term] = postings
    return found


def load_similar_words(index: SearchIndex, word: str) -> set[str]:
    """Return the indexed words that ``word`` may be a misspelling of, by first letter and length."""
    keys = [get_shelf_key(letter, length) for letter, length in list_similar_shapes(word)]
    shelves = IndexShelf.objects.filter(segment_id__in=index.segment_ids, key__in=keys)
    return {known for words in shelves.values_list("words", flat=True) for known in words.split()}


def load_passages(candidates: Sequence[Candidate]) -> dict[tuple[int, int], dict[str, Any]]:
    """Return the columns of passages by (document id, position)."""
    if not candidates:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, p.document_id, p.position, p.heading, p.page, p.paragraph, p.text, p.first_row,"
            " p.last_row"
            " FROM unnest(%s::bigint[], %s::int[]) AS wanted(document_id, position)"
            " JOIN gpts_passage AS p ON p.document_id = wanted.document_id AND p.position = wanted.position",
            [[found.document for found in candidates], [found.position for found in candidates]],
        )
        return {(row[1], row[2]): dict(zip(_PASSAGE_COLUMNS, row, strict=True)) for row in cursor.fetchall()}
