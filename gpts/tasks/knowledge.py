"""Jobs of knowledge."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.services import documents, knowledge_reviews
from gpts.services.knowledge_reading import read_document as read

PURPOSE = "gpts.read_document"


@shared_task(name="gpts.read_document", bind=True)
def read_document(self: Any, *, document_id: int) -> None:
    """Read one document. Running twice reads it once: who comes second finds it claimed or read."""
    wait = read(document_id=document_id, step=partial(system_scope, PURPOSE), clock=timezone.now)
    if wait is not None:
        self.apply_async(kwargs={"document_id": document_id}, countdown=wait + 1)


@shared_task(name="gpts.sweep_documents")
def sweep_documents() -> int:
    """Take up documents that were left. Running twice asks twice, which reads once."""
    with system_scope("gpts.sweep_documents"):
        return documents.sweep_documents(at=timezone.now())


@shared_task(name="gpts.sweep_document_leftovers")
def sweep_document_leftovers() -> int:
    """Erase bytes that nobody needs. Running twice finds nothing the second time."""
    with system_scope("gpts.sweep_document_leftovers"):
        return documents.sweep_leftovers(at=timezone.now())


@shared_task(name="gpts.note_stale_files")
def note_stale_files() -> int:
    """Tell owners of files whose review date has come. Running twice tells once."""
    with system_scope("gpts.note_stale_files"):
        return knowledge_reviews.note_stale_files(at=timezone.now())
