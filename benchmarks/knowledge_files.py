"""Creates knowledge files of generated text directly in the database, for the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.utils import timezone

from benchmarks.knowledge_text import PASSAGE_CHARACTERS, Writer
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.retrieval import index_passages
from gpts.knowledge.states import FileState

BATCH = 500


def add_files(gpt: GPT, files: int, megabytes: float, *, seed: int = 3) -> tuple[int, float]:
    """Add files of that size, every third in Chinese; return the passages and the seconds of indexing."""
    writer, passages, spent = Writer(seed), 0, 0.0
    for number in range(files):
        is_chinese = number % 3 == 2
        # A Chinese character has three bytes.
        size = PASSAGE_CHARACTERS * (3 if is_chinese else 1)
        count = int(megabytes * 1_000_000 / size)
        with system_scope("benchmarks.knowledge"):
            document = _create_document(gpt, number, count)
            Passage.objects.bulk_create(
                _write_passages(document, writer, count, is_chinese), batch_size=BATCH
            )
        started = time.perf_counter()
        with system_scope("benchmarks.knowledge"):
            index_passages(document)
        spent += time.perf_counter() - started
        passages += count
    return passages, spent


def _write_passages(document: Document, writer: Writer, count: int, is_chinese: bool) -> Iterator[Passage]:
    for position in range(count):
        yield Passage(
            workspace_id=document.workspace_id, document=document, position=position,
            heading=f"Section {position // 20}", paragraph=position + 1,
            text=writer.write_passage(is_chinese=is_chinese),
        )  # fmt: skip


def _create_document(gpt: GPT, number: int, count: int) -> Document:
    now = timezone.now()
    document = Document.objects.create(
        workspace_id=gpt.workspace_id, content_hash=f"{number:064d}", media_type="text/plain", size=count,
        storage_key=f"bench/{number}", state=FileState.READY, progress=100, passage_count=count,
        created_at=now,
    )  # fmt: skip
    KnowledgeFile.objects.create(
        workspace_id=gpt.workspace_id, gpt=gpt, document=document, name=f"file-{number}.txt",
        content_hash=document.content_hash, uploaded_by=gpt.owner, created_at=now,
    )  # fmt: skip
    return document
