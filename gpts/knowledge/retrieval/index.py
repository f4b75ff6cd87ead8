"""Writing and removing a document's index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Exists, OuterRef

from gpts.knowledge.models import Document, IndexBlock, IndexSegment, IndexShelf, Passage, PassageVector
from gpts.knowledge.retrieval.embedding import schedule_embedding
from gpts.knowledge.retrieval.postings import SEGMENT_PASSAGES, Segment, SegmentBuilder
from gpts.knowledge.retrieval.terms import TERMS_VERSION
from gpts.knowledge.retrieval.vector_blocks import delete_blocks
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
    delete_blocks(document.pk)
    PassageVector.objects.filter(document=document).delete()
    Document.objects.filter(pk=document.pk).update(embedded_at=None)


def list_unindexed_documents(limit: int = 20) -> list[int]:
    """Return ids of read documents without an index, or with one of older rules for terms, in the open scope.

    Those without come first: until then nothing of them is found.
    """
    segments = IndexSegment.objects.filter(document=OuterRef("pk"))
    ready = Document.objects.filter(state=FileState.READY, passage_count__gt=0).order_by("id")
    found = list(ready.filter(~Exists(segments)).values_list("pk", flat=True)[:limit])
    if len(found) < limit:
        old = IndexSegment.objects.filter(terms_version__lt=TERMS_VERSION, document__state=FileState.READY)
        ids = old.order_by("document_id").values_list("document_id", flat=True).distinct()
        found.extend(ids[: limit - len(found)])
    return found


def rebuild_index(document_id: int) -> bool:
    """Index a document anew; searches use the old index until the commit. False when it is not ready."""
    document = Document.objects.filter(pk=document_id, state=FileState.READY).first()
    if document is None:
        return False
    index_passages(document)
    return True


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
        terms_version=TERMS_VERSION,
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
