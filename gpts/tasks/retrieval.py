"""Jobs of retrieval: the index and the vectors of documents."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.jobs import enqueue_on_commit
from core.scope import system_scope
from gpts.retrieval.embedding import embed_passages, waiting_documents
from gpts.retrieval.index import index_passages, unindexed_documents
from gpts.runtime.types import ModelFailure


@shared_task(name="gpts.index_waiting")
def index_waiting() -> int:
    """Index what was read before there was an index. Running twice finds nothing the second time."""
    with system_scope("gpts.index_waiting"):
        documents = unindexed_documents()
        for document in documents:
            index_passages(document)
    return len(documents)


@shared_task(
    name="gpts.embed_document",
    autoretry_for=(ModelFailure,),
    retry_backoff=5,
    retry_backoff_max=600,
    max_retries=6,
)
def embed_document(*, document_id: int) -> int:
    """Make the vectors that a document lacks. Running twice makes each once; the sweep takes up the rest."""
    return embed_passages(document_id, at=timezone.now())


@shared_task(name="gpts.embed_waiting")
def embed_waiting() -> int:
    """Have vectors made that are missing, also after the model changed. Running twice makes each once."""
    with system_scope("gpts.embed_waiting"):
        waiting = waiting_documents()
        for document_id in waiting:
            enqueue_on_commit("gpts.embed_document", document_id=document_id)
    return len(waiting)
