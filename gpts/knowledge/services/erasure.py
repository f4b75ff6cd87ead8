"""Erases knowledge files of a workspace: bytes, passages, search index and vectors."""

from __future__ import annotations

from datetime import datetime

from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.services.documents import erase_unused_document
from workspaces.erasure import ErasurePart
from workspaces.models import Workspace

# Documents are large: a few in one transaction.
FILES = 20


def erase_knowledge_in_workspace(workspace: Workspace, at: datetime) -> int:
    files = list(KnowledgeFile.objects.filter(workspace=workspace).values_list("pk", flat=True)[:FILES])
    KnowledgeFile.objects.filter(pk__in=files).delete()
    documents = list(Document.objects.filter(workspace=workspace, files__isnull=True)[:FILES])
    for document in documents:
        default_storage.delete(document.storage_key)
        erase_unused_document(document.pk)
    return len(files) + len(documents)


PART = ErasurePart(
    name="gpts.knowledge",
    label=_("Knowledge files"),
    erase_workspace=erase_knowledge_in_workspace,
)
