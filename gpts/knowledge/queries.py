"""Reading what a GPT knows: its files, the documents behind them, their passages."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Q, QuerySet

from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.states import FileState


def list_answering_files(gpt: GPT, version: Version | None = None) -> QuerySet[KnowledgeFile]:
    """Files that ``version``, or the draft without one, answers from, with their document; readable or not.

    Looked up by the GPT's own rows: the same bytes in a colleague's GPT do not count, nor does what the
    owner deleted everywhere. The caller stands in the GPT's workspace (gpt_workspace_scope).
    """
    found = KnowledgeFile.objects.filter(gpt=gpt, document__isnull=False).select_related("document")
    if version is None:
        return found.filter(removed_at__isnull=True)
    return found.filter(content_hash__in=version.knowledge_hashes)


def names_of_documents(gpt: GPT, version: Version | None = None) -> dict[int, str]:
    """The shown name of each document that can be answered from, by its id."""
    rows = list_answering_files(gpt, version).filter(document__state=FileState.READY)
    return dict(rows.values_list("document_id", "name"))


def list_knowledge_files(gpt: GPT) -> list[KnowledgeFile]:
    """Files of the draft with their documents, oldest first."""
    with gpt_workspace_scope(gpt):
        return list(
            KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=True)
            .select_related("uploaded_by", "document")
            .order_by("created_at", "id")
        )


def list_removed_files(gpt: GPT) -> list[KnowledgeFile]:
    """Files that were removed from the draft and that frozen versions still answer from, newest first."""
    with gpt_workspace_scope(gpt):
        return list(
            KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=False, document__isnull=False)
            .select_related("document")
            .order_by("-removed_at", "-id")
        )


def get_knowledge_file(gpt: GPT, identifier: int, *, include_removed: bool = False) -> KnowledgeFile | None:
    """One file of the draft with its document, or one that versions keep; the caller authorises."""
    if not 0 < identifier < 2**63:
        return None
    held = gpt.knowledge_files.filter(pk=identifier, document__isnull=False)
    with gpt_workspace_scope(gpt):
        found = held if include_removed else held.filter(removed_at__isnull=True)
        return found.select_related("document", "gpt", "uploaded_by").first()


def get_file_passages(file: KnowledgeFile) -> QuerySet[Passage]:
    """A file's passages in their order; none until it is ready. The caller stands in its workspace."""
    return Passage.objects.filter(
        document_id=file.document_id or 0, document__state=FileState.READY
    ).order_by("position")


def list_passages(file: KnowledgeFile, *, start: int = 0, size: int = 50) -> list[Passage]:
    """A stretch of a file's extracted text; the caller has authorised the person for its GPT."""
    with gpt_workspace_scope(file.gpt):
        return list(get_file_passages(file).filter(position__gte=start)[:size])


def find_page_position(file: KnowledgeFile, page: int) -> int:
    """The position of the first passage on a page or after it, 0 when there is none; authorised as above."""
    with gpt_workspace_scope(file.gpt):
        found = Passage.objects.filter(document_id=file.document_id or 0, page__gte=page).order_by("position")
        return found.values_list("position", flat=True).first() or 0


def get_file_beginning(file: KnowledgeFile, passages: int = 2) -> str:
    """The first words of a file; the caller stands in its workspace."""
    rows = Passage.objects.filter(document_id=file.document_id or 0).order_by("position")
    return " ".join(rows.values_list("text", flat=True)[:passages])


def get_cited_passage(gpt: GPT, identifier: int) -> tuple[Passage, str] | None:
    """A passage that one of the GPT's files, of its draft or of a version, holds, and the file's name."""
    with gpt_workspace_scope(gpt):
        passage = Passage.objects.select_related("document").filter(pk=identifier).first()
        if passage is None:
            return None
        file = gpt.knowledge_files.filter(document_id=passage.document_id).first()
        return None if file is None else (passage, file.name)


def list_erased_file_names(gpt: GPT, version: Version) -> list[str]:
    """Names of files that ``version`` was frozen with and that the owner has since deleted everywhere."""
    with gpt_workspace_scope(gpt):
        return list(
            KnowledgeFile.objects.filter(
                gpt=gpt, erased_at__isnull=False, content_hash__in=version.knowledge_hashes
            )
            .order_by("name")
            .values_list("name", flat=True)
        )


def list_unread_documents(
    *, at: datetime, waiting_before: datetime, silent_before: datetime
) -> QuerySet[Document]:
    """Documents that wait past their time or whose reader gave no sign of life; the scope limits whose."""
    return Document.objects.filter(
        Q(state=FileState.WAITING, created_at__lt=waiting_before)
        & (Q(retry_at__isnull=True) | Q(retry_at__lte=at))
        | Q(state=FileState.EXTRACTING, heartbeat_at__lt=silent_before)
    ).order_by("created_at", "id")


def list_files_due_for_review(*, on: date) -> QuerySet[KnowledgeFile]:
    """Files of drafts whose review date has come and of which nobody was told for that date."""
    return (
        KnowledgeFile.objects.filter(removed_at__isnull=True, review_on__lte=on, gpt__deleted_at__isnull=True)
        .exclude(review_noted_on__gte=on)
        .filter(Q(review_noted_on__isnull=True))
        .select_related("gpt__owner")
        .order_by("id")
    )
