"""Writing and removing a document's index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Exists, OuterRef

from gpts.knowledge.models import Document, IndexBlock, IndexSegment, IndexShelf, Passage, PassageVector
from gpts.knowledge.retrieval.embedding import schedule_embedding
from gpts.knowledge.retrieval.postings import SEGMENT_PASSAGES, Segment, SegmentBuilder
from gpts.knowledge.states import FileState

BATCH = 500


@transaction.atomic
def index_passages(document: Document, passages: Iterable[Passage] | None = None) -> None:
    """Index the passages of a document, replacing its former index, and enqueue the making of vectors.

    ``passages`` are all of the document's in order; without them they are read from the database in batches.
    """
    IndexSegment.objects.filter(document=document).delete()
    first, builder = 0, SegmentBuilder()
    for passage in _iter_stored_passages(document) if passages is None else passages:
        if not len(builder):
            first = passage.position
        builder.add(passage.heading, passage.text)
        if len(builder) >= SEGMENT_PASSAGES:
            _save_segment(document, first, builder.build())
            builder = SegmentBuilder()
    if len(builder):
        _save_segment(document, first, builder.build())
    schedule_embedding(document)


@transaction.atomic
def remove_from_index(document: Document) -> None:
    """Remove a document's index and vectors, but not its passages."""
    IndexSegment.objects.filter(document=document).delete()
    PassageVector.objects.filter(document=document).delete()


def list_unindexed_documents(limit: int = 20) -> list[Document]:
    """Return read documents that have no index, in the open scope."""
    indexed = IndexSegment.objects.filter(document=OuterRef("pk"))
    ready = Document.objects.filter(state=FileState.READY, passage_count__gt=0)
    return list(ready.filter(~Exists(indexed)).order_by("id")[:limit])


def _iter_stored_passages(document: Document) -> Iterator[Passage]:
    rows = Passage.objects.filter(document=document).order_by("position")
    return rows.only("position", "heading", "text").iterator(chunk_size=BATCH)


def _save_segment(document: Document, first: int, built: Segment) -> None:
    segment = IndexSegment.objects.create(
        workspace_id=document.workspace_id,
        document=document,
        first=first,
        passage_count=built.passage_count,
        block_count=len(built.blocks),
        lengths=built.lengths,
    )
    workspace_id = document.workspace_id
    IndexBlock.objects.bulk_create(
        (
            IndexBlock(workspace_id=workspace_id, segment=segment, number=number, data=data)
            for number, data in enumerate(built.blocks)
        ),
        batch_size=BATCH,
    )
    IndexShelf.objects.bulk_create(
        (
            IndexShelf(workspace_id=workspace_id, segment=segment, key=key, words=words)
            for key, words in built.shelves.items()
        ),
        batch_size=BATCH,
    )
