"""Jobs that index documents and make their embeddings. ``gpts.read_files`` in gpts/tasks.py reads them."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core.jobs import enqueue_now
from core.scope import system_scope
from gpts.knowledge.retrieval.index import list_unindexed_documents, rebuild_index
from gpts.knowledge.services import documents, review_dates
from gpts.knowledge.services.embedding_queue import embed_waiting_documents

# After this time the job hands over to another one, so that a worker can be stopped.
INDEX_TIME = timedelta(seconds=60)


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
    """Index documents without an index, and those with one of older rules. Running twice finds none left."""
    ends_at = timezone.now() + INDEX_TIME
    done = 0
    while timezone.now() < ends_at:
        with system_scope("gpts.index_waiting"):
            waiting = list_unindexed_documents()
        if not waiting:
            return done
        for document_id in waiting:
            with system_scope("gpts.index_waiting"):
                done += rebuild_index(document_id)
    enqueue_now("gpts.index_waiting")
    return done


@shared_task(name="gpts.embed_waiting")
def embed_waiting() -> int:
    """Make missing vectors, also after a change of model. Running twice makes each once."""
    return embed_waiting_documents(clock=timezone.now)
