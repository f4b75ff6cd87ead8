"""Jobs that index documents and make their embeddings. ``gpts.read_files`` in gpts/tasks.py reads them."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.jobs import enqueue_on_commit
from core.scope import system_scope
from gpts.knowledge.retrieval.embedding import embed_passages, list_documents_to_embed
from gpts.knowledge.retrieval.index import index_passages, list_unindexed_documents
from gpts.knowledge.services import documents, review_dates
from gpts.llm.catalogue import remember_embedding_models
from gpts.llm.runtime.types import ModelFailure


@shared_task(name="gpts.sweep_document_leftovers")
def sweep_document_leftovers() -> int:
    """Erase stored bytes without a document. Running twice finds nothing the second time."""
    with system_scope("gpts.sweep_document_leftovers"):
        return documents.sweep_leftovers(at=timezone.now())


@shared_task(name="gpts.note_stale_files")
def note_stale_files() -> int:
    """Notify owners of files whose review date has come. Running twice notifies once."""
    with system_scope("gpts.note_stale_files"):
        return review_dates.notify_owners_of_stale_files(at=timezone.now())


@shared_task(name="gpts.index_waiting")
def index_waiting() -> int:
    """Index documents that have no index. Running twice finds nothing the second time."""
    with system_scope("gpts.index_waiting"):
        documents = list_unindexed_documents()
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
    """Make a document's missing vectors. Running twice makes each once; embed_waiting retries later."""
    return embed_passages(document_id, at=timezone.now())


@shared_task(name="gpts.embed_waiting")
def embed_waiting() -> int:
    """Enqueue documents that lack vectors, also after a change of model. Running twice makes each once."""
    with system_scope("gpts.embed_waiting"):
        remember_embedding_models()
        waiting = list_documents_to_embed()
        for document_id in waiting:
            enqueue_on_commit("gpts.embed_document", document_id=document_id)
    return len(waiting)
