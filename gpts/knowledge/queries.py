"""Queries for a GPT's files, their documents and passages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from core.fair_share import Waiting
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.extraction.kinds import VERSIONS
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.states import FileState
from workspaces.models import OutboundJob
from workspaces.queries import count_inside
from workspaces.states import OutboundJobState

# The kind of an outbound job that fetches a web page into a draft; its subject is the GPT.
PAGE_JOB = "gpts.knowledge_page"


def list_answering_files(gpt: GPT, version: Version | None = None) -> QuerySet[KnowledgeFile]:
    """Return the files that ``version`` answers from, or the draft without one, in any state of reading.

    Only the GPT's own files: a document that another GPT of the workspace also has does not count, nor
    does a file that the owner deleted everywhere. Call it inside the GPT's workspace (gpt_workspace_scope).
    """
    found = KnowledgeFile.objects.filter(gpt=gpt, document__workspace_id=gpt.workspace_id).select_related(
        "document"
    )
    if version is None:
        return found.filter(removed_at__isnull=True)
    return found.filter(content_hash__in=version.knowledge_hashes)


def list_knowledge_files(gpt: GPT) -> list[KnowledgeFile]:
    """Return the files of the draft with their documents, oldest first."""
    with gpt_workspace_scope(gpt):
        return list(
            KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=True)
            .select_related("uploaded_by", "document")
            .order_by("created_at", "id")
        )


def list_removed_files(gpt: GPT) -> list[KnowledgeFile]:
    """Return the files that were removed from the draft but kept for frozen versions, newest first."""
    with gpt_workspace_scope(gpt):
        return list(
            KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=False, document__isnull=False)
            .select_related("document")
            .order_by("-removed_at", "-id")
        )


def get_knowledge_file(gpt: GPT, identifier: int, *, include_removed: bool = False) -> KnowledgeFile | None:
    """Return a file of the draft, or also one kept for versions; the caller authorises."""
    if not 0 < identifier < 2**63:
        return None
    files = gpt.knowledge_files.filter(pk=identifier, document__isnull=False)
    with gpt_workspace_scope(gpt):
        found = files if include_removed else files.filter(removed_at__isnull=True)
        return found.select_related("document", "gpt", "uploaded_by").first()


def list_outdated_files() -> QuerySet[KnowledgeFile]:
    """Return the files that an older reader than today's read, also removed ones, in the open scope.

    Those that wait to be read again are left out.
    """
    older = Q()
    for media_type, version in VERSIONS.items():
        older |= Q(document__media_type=media_type, document__reader_version__lt=version)
    return KnowledgeFile.objects.filter(
        older, document__state=FileState.READY, document__reread_at__isnull=True
    ).select_related("document", "gpt")


def build_reread_filter(at: datetime, heartbeat_before: datetime) -> Q:
    """Return the filter of documents that wait to be read again, or whose worker died over it."""
    free = Q(claim__isnull=True) & (Q(retry_at__isnull=True) | Q(retry_at__lte=at))
    return Q(state=FileState.READY, reread_at__isnull=False) & (free | Q(heartbeat_at__lt=heartbeat_before))


def list_page_jobs(gpt: GPT) -> QuerySet[OutboundJob]:
    """Return the jobs that fetch web pages into the draft, newest first. Call it inside the workspace.

    A job's payload has the ``file_id`` that it fetches again; it is empty for a new page.
    """
    return OutboundJob.objects.filter(kind=PAGE_JOB, subject_id=gpt.pk).order_by("-created_at", "-id")


def list_unfinished_page_jobs(gpt: GPT) -> list[OutboundJob]:
    """Return the jobs that wait, run or failed, oldest first."""
    with gpt_workspace_scope(gpt):
        return list(list_page_jobs(gpt).exclude(state=OutboundJobState.DONE).reverse())


def get_page_job(gpt: GPT, identifier: UUID) -> OutboundJob | None:
    with gpt_workspace_scope(gpt):
        return list_page_jobs(gpt).select_related("workspace").filter(pk=identifier).first()


def get_file_passages(file: KnowledgeFile) -> QuerySet[Passage]:
    """Return a file's passages in order, none until it is ready. Call it inside the file's workspace."""
    return Passage.objects.filter(
        document_id=file.document_id or 0,
        workspace_id=file.workspace_id,
        document__state=FileState.READY,
    ).order_by("position")


def list_passages(file: KnowledgeFile, *, start: int = 0, size: int = 50) -> list[Passage]:
    """Return up to ``size`` passages from position ``start`` on; the caller authorises."""
    with gpt_workspace_scope(file.gpt):
        return list(get_file_passages(file).filter(position__gte=start)[:size])


def find_page_position(file: KnowledgeFile, page: int) -> int:
    """Return the position of the first passage on ``page`` or later, 0 without one; the caller authorises."""
    with gpt_workspace_scope(file.gpt):
        found = get_file_passages(file).filter(page__gte=page)
        return found.values_list("position", flat=True).first() or 0


def get_file_beginning(file: KnowledgeFile, passages: int = 2) -> str:
    """Return the text of a file's first passages. Call it inside the file's workspace."""
    rows = get_file_passages(file)
    return " ".join(rows.values_list("text", flat=True)[:passages])


def get_cited_passage(gpt: GPT, identifier: int) -> tuple[Passage, str] | None:
    """Return a passage with its file's name if the draft or a version of ``gpt`` has the file, else None."""
    with gpt_workspace_scope(gpt):
        passage = (
            Passage.objects.select_related("document")
            .filter(pk=identifier, workspace_id=gpt.workspace_id)
            .first()
        )
        if passage is None:
            return None
        file = gpt.knowledge_files.filter(document_id=passage.document_id).first()
        return None if file is None else (passage, file.name)


def list_erased_file_names(gpt: GPT, version: Version) -> list[str]:
    """Return the names of files that ``version`` was frozen with and the owner then deleted everywhere."""
    with gpt_workspace_scope(gpt):
        return list(
            KnowledgeFile.objects.filter(
                gpt=gpt, erased_at__isnull=False, content_hash__in=version.knowledge_hashes
            )
            .order_by("name")
            .values_list("name", flat=True)
        )


def list_unread_documents(
    *, at: datetime, waiting_before: datetime, heartbeat_before: datetime
) -> QuerySet[Document]:
    """Return documents that should have been started by now, or whose worker died, within the open scope."""
    return Document.objects.filter(
        Q(state=FileState.WAITING, created_at__lt=waiting_before)
        & (Q(retry_at__isnull=True) | Q(retry_at__lte=at))
        | Q(state=FileState.EXTRACTING, heartbeat_at__lt=heartbeat_before)
        | build_reread_filter(at, heartbeat_before) & Q(reread_at__lt=waiting_before),
        workspace__suspended_at__isnull=True,
    ).order_by("created_at", "id")


def list_readable_documents(*, at: datetime, heartbeat_before: datetime) -> list[Waiting]:
    """Return the oldest unread document of each person in each workspace, within the open scope.

    Documents to be read again, which answer meanwhile, come after all others.
    """
    rows = (
        _with_person(Document.objects)
        .filter(
            Q(state=FileState.WAITING) & (Q(retry_at__isnull=True) | Q(retry_at__lte=at))
            | Q(state=FileState.EXTRACTING, heartbeat_at__lt=heartbeat_before)
            | build_reread_filter(at, heartbeat_before),
            workspace__suspended_at__isnull=True,
        )
        .annotate(since=Coalesce("reread_at", "created_at"))
        .order_by("workspace_id", "person_id", F("reread_at").asc(nulls_first=True), "created_at", "id")
        .distinct("workspace_id", "person_id")
    )
    return [
        Waiting("document", pk, person or 0, workspace, since)
        for pk, person, workspace, since in rows.values_list("pk", "person_id", "workspace_id", "since")
    ]


def list_read_documents(*, heartbeat_since: datetime) -> list[tuple[int, int]]:
    """Return (person, workspace) of each document that is being read, within the open scope."""
    rows = _with_person(Document.objects).filter(
        Q(state=FileState.EXTRACTING) | Q(reread_at__isnull=False, claim__isnull=False),
        heartbeat_at__gte=heartbeat_since,
    )
    return [(person or 0, workspace) for person, workspace in rows.values_list("person_id", "workspace_id")]


def _with_person(documents: Any) -> Any:
    """Annotate documents with the person who added them first."""
    files = KnowledgeFile.objects.filter(document=OuterRef("pk")).order_by("created_at", "id")
    return documents.annotate(person_id=Subquery(files.values("uploaded_by_id")[:1]))


def list_files_due_for_review(*, on: date) -> QuerySet[KnowledgeFile]:
    """Return files of drafts whose review date has come and whose owner was not notified of it."""
    return (
        KnowledgeFile.objects.filter(removed_at__isnull=True, review_on__lte=on, gpt__deleted_at__isnull=True)
        .exclude(review_noted_on__gte=on)
        .filter(Q(review_noted_on__isnull=True))
        .select_related("gpt__owner")
        .order_by("id")
    )


def sum_knowledge_bytes(workspace_id: int) -> int:
    """Return the bytes of all files of a workspace, for operators (already authorised)."""
    with count_inside([workspace_id]):
        total = Document.objects.filter(workspace_id=workspace_id).aggregate(total=Sum("size"))["total"]
    return total or 0
