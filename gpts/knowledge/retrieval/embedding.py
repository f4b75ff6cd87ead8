"""Making vectors of a document's passages, in batches, and again when the model changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, Func, IntegerField, OuterRef, QuerySet

from core.jobs import enqueue_on_commit, log_refused_task
from core.scope import system_scope
from gpts.knowledge.models import Document, Passage, PassageVector
from gpts.knowledge.retrieval.vector_blocks import delete_blocks, pack_vectors
from gpts.knowledge.states import FileState
from gpts.llm.embeddings import (
    DIMENSIONS_DIFFER,
    Embedder,
    build_embedder,
    get_embedding_model,
    note_failure,
    note_success,
)
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import FailureCode, ModelFailure

# Passages between two transactions, and the timeout of one request in seconds.
BATCH = 64
BUILT_IN_BATCH = 8
BATCH_SECONDS = 60.0

# The dimensions of a stored vector. One of another length than its model's is of a time when the model's row
# said so, and is made again.
CODE_LENGTH = Func(F("code"), function="length", output_field=IntegerField())

_INSERT = (
    "INSERT INTO gpts_passagevector (workspace_id, document_id, passage_id, model_id, code, vector)"
    " SELECT %s, %s, %s, %s, binary_quantize(%s::halfvec), %s::halfvec"
    " ON CONFLICT (passage_id, model_id) DO UPDATE SET code = EXCLUDED.code, vector = EXCLUDED.vector"
)


@dataclass(frozen=True)
class _Batch:
    """The next passages of a document without a vector, and what makes them."""

    document: Document
    embedder: Embedder
    passages: list[Passage]
    is_last: bool


def schedule_embedding(document: Document) -> None:
    """Enqueue the making of vectors after commit, if there is an embeddings model."""
    if get_embedding_model(document.workspace_id) is not None:
        enqueue_on_commit("gpts.embed_waiting")


def embed_passages(document_id: int, *, at: datetime, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Make the vectors that a document lacks; returns how many were made. Idempotent.

    One transaction for each batch, so that an interrupted run continues where it stopped; between two batches
    ``may_go_on`` is asked. At the end sets ``embedded_at`` and deletes vectors of earlier models. A passage
    that the model has no vector for is left to full text. Raises ModelFailure when the model does not answer,
    after noting it for the pages.
    """
    made, position, is_last = 0, -1, False
    # What follows the last batch only marks the document as done.
    while made == 0 or is_last or may_go_on():
        with system_scope("gpts.embed_waiting"):
            batch = _load_batch(document_id, position, at)
        if batch is None:
            return made
        position, is_last = batch.passages[-1].position, batch.is_last
        # No transaction is open during the request.
        texts = [f"{passage.heading}\n{passage.text}".strip() for passage in batch.passages]
        try:
            embedded = batch.embedder.embed_passages(texts, timeout=BATCH_SECONDS)
        except ModelFailure as failure:
            _note_failure(batch.embedder, failure, at)
            raise
        if any(vector and len(vector) != batch.embedder.dimensions for vector in embedded.vectors):
            _note_failure(batch.embedder, DIMENSIONS_DIFFER, at)
            raise ModelFailure(FailureCode.MALFORMED_STREAM, detail=DIMENSIONS_DIFFER)
        with system_scope("gpts.embed_waiting"):
            note_success(batch.embedder, embedded.limits)
            made += _save_vectors(batch, embedded.vectors)
    return made


def get_embedding_progress(document_ids: Iterable[int], workspace_id: int) -> tuple[int, int] | None:
    """Return (passages with a vector of the current model, all passages); None without a model."""
    model = get_embedding_model(workspace_id)
    if model is None:
        return None
    documents = list(document_ids)
    done = PassageVector.objects.filter(document_id__in=documents, model=model).count()
    return done, Passage.objects.filter(document_id__in=documents).count()


def _load_batch(document_id: int, position: int, at: datetime) -> _Batch | None:
    """Return the next passages behind ``position``; when there are none, mark the document as done."""
    document = Document.objects.filter(
        pk=document_id, state=FileState.READY, workspace__suspended_at__isnull=True
    ).first()
    model = get_embedding_model(document.workspace_id) if document is not None else None
    if document is None or model is None:
        reason = "not_ready" if document is None else "no_model"
        log_refused_task("gpts.embed_waiting", reason, document_id=document_id)
        return None
    embedder = build_embedder(model)
    size = BUILT_IN_BATCH if embedder.is_built_in else BATCH
    passages = list(_filter_passages_without_vector(document, model).filter(position__gt=position)[:size])
    if passages:
        return _Batch(document, embedder, passages, is_last=len(passages) < size)
    PassageVector.objects.filter(document=document).exclude(model=model).delete()
    pack_vectors(document_id, model.pk, embedder.dimensions)
    Document.objects.filter(pk=document_id).update(embedded_at=at)
    return None


def _note_failure(embedder: Embedder, failure: ModelFailure | str, at: datetime) -> None:
    with system_scope("gpts.embed_waiting"):
        if isinstance(failure, ModelFailure) and failure.code is FailureCode.PROVIDER_SLOW:
            # Fewer texts take less time.
            texts = max(1, min(embedder.limits.texts, BATCH) // 2)
            LanguageModel.objects.filter(pk=embedder.model_id).update(batch_texts=texts)
        note_failure(embedder.model_id, failure, at=at)


def _filter_passages_without_vector(document: Document, model: LanguageModel) -> QuerySet[Passage]:
    made = PassageVector.objects.alias(size=CODE_LENGTH).filter(
        passage=OuterRef("pk"), model=model, size=model.dimensions
    )
    return (
        Passage.objects.filter(~Exists(made), document=document)
        .only("id", "position", "heading", "text")
        .order_by("position")
    )


@transaction.atomic
def _save_vectors(batch: _Batch, vectors: Sequence[list[float] | None]) -> int:
    # Passages that were deleted during the request get no vectors.
    existing = set(
        Passage.objects.filter(pk__in=[passage.pk for passage in batch.passages]).values_list("pk", flat=True)
    )
    document = batch.document
    rows: list[list[str | int]] = []
    for passage, vector in zip(batch.passages, vectors, strict=True):
        if passage.pk in existing and vector is not None:
            written = "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
            rows.append(
                [document.workspace_id, document.pk, passage.pk, batch.embedder.model_id, written, written]
            )
    delete_blocks(document.pk)
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    return len(rows)
