"""Reading a document: a child process with limits extracts the text, which is saved as passages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import reset_queries
from django.db.models import F, Q

from gpts.knowledge.extraction import (
    CrashedError,
    Limits,
    Remark,
    Section,
    TooSlowError,
    UnreadableError,
    read_file,
)
from gpts.knowledge.extraction.kinds import VERSIONS
from gpts.knowledge.models import Document, Passage
from gpts.knowledge.models.documents import MAX_TIMEOUTS
from gpts.knowledge.passages import PassageText, split_into_passages
from gpts.knowledge.queries import build_reread_filter
from gpts.knowledge.retrieval import index_passages, remove_from_index
from gpts.knowledge.services.documents import (
    DANGEROUS,
    SILENCE_SECONDS,
    report_dangerous_document,
)
from gpts.knowledge.services.passage_exchange import build_passage, exchange_passages, write_passages
from gpts.knowledge.states import FileState, ReadingStage
from gpts.knowledge.text_recognition import find_engine, find_missing_languages

log = structlog.get_logger(__name__)

Step = Callable[[], AbstractContextManager[object]]
Clock = Callable[[], datetime]

BATCH = 500
COPY_BYTES = 1024 * 1024
# Progress in percent when the text is read; the rest is indexing.
READ_PERCENT = 90
# Seconds to wait after the first and second crash; a third one fails the document.
BACK_OFF = (10, 60)
REPORT_SECONDS = 1.0
# Bytes of UTF-8 counted as one token: about right for English, an overestimate for Chinese.
TOKEN_BYTES = 4


class ClaimLostError(Exception):
    """Another run claimed the document, or it was erased: this run stops and writes nothing more."""


def read_document(*, document_id: int, step: Step, clock: Clock) -> int | None:
    """Read a waiting document into passages and index them; returns the seconds until a retry, or None.

    ``step`` opens a short transaction with a scope that sees the rows; one is opened for each write.
    Idempotent: a document that is read, has failed or is claimed by a live run is left alone. Crashes are
    retried up to three attempts, and a file that ran out of time, but not of CPU time, once; any other
    unreadable file fails at once with a code for describe_failure.
    """
    with step():
        document = claim_document(document_id, clock())
    return None if document is None else read_claimed_document(document, step=step, clock=clock)


def read_claimed_document(document: Document, *, step: Step, clock: Clock) -> int | None:
    """Read a document that claim_document returned; see read_document."""
    try:
        _read_into_passages(document, step, clock)
    except ClaimLostError:
        return None
    except TooSlowError as problem:
        return _handle_timeout(document, problem, step, clock)
    except UnreadableError as problem:
        _fail_document(document, problem.code, step, clock)
    except FileNotFoundError:
        _fail_document(document, "lost", step, clock)
    except (CrashedError, OSError) as problem:
        log.warning("document_reading_broke_off", document_id=document.pk, error=type(problem).__name__)
        return _schedule_retry(document, step, clock)
    return None


def get_limits() -> Limits:
    return Limits(
        memory_bytes=settings.EXTRACTION_MEMORY_BYTES,
        seconds=settings.EXTRACTION_SECONDS,
        expanded_bytes=settings.EXTRACTION_EXPANDED_BYTES,
        pages=settings.KNOWLEDGE_PDF_PAGES,
        characters=settings.KNOWLEDGE_FILE_TOKENS * TOKEN_BYTES,
    )


def claim_document(document_id: int, at: datetime) -> Document | None:
    """Take the lease of a document that waits or whose worker died, else return None. In a scope."""
    dead_before = at - timedelta(seconds=SILENCE_SECONDS)
    document = (
        Document.objects.select_for_update(skip_locked=True)
        .filter(
            Q(state=FileState.WAITING) & (Q(retry_at__isnull=True) | Q(retry_at__lte=at))
            | Q(state=FileState.EXTRACTING, heartbeat_at__lt=dead_before)
            | build_reread_filter(at, dead_before),
            pk=document_id,
            workspace__suspended_at__isnull=True,
        )
        .first()
    )
    if document is None:
        return None
    is_again = document.state == FileState.READY
    if (document.state == FileState.EXTRACTING or is_again) and document.attempts > len(BACK_OFF):
        # Reading it kills the worker each time.
        _mark_failed(document, "crashed", at)
        return None
    document.stage, document.progress = ReadingStage.FETCHING, 0
    document.claim, document.heartbeat_at, document.retry_at = uuid4(), at, None
    document.attempts += 1
    if is_again:
        # State, remarks and passages stay until the new ones are there.
        document.save(update_fields=["stage", "progress", "claim", "heartbeat_at", "retry_at", "attempts"])
        return document
    document.state, document.failure, document.remarks = FileState.EXTRACTING, "", []
    document.save()
    remove_from_index(document)
    Passage.objects.filter(document=document).delete()
    return document


def _read_into_passages(document: Document, step: Step, clock: Clock) -> None:
    progress = _ProgressWriter(document, step, clock)
    is_again = document.state == FileState.READY
    with (
        _copy_to_disk(document.storage_key, progress) as path,
        tempfile.TemporaryFile("w+", encoding="utf-8", prefix="loggia-") as spool,
    ):
        progress.begin(ReadingStage.READING)
        remarks: list[Remark] = []
        sections = read_file(
            path,
            document.media_type,
            limits=get_limits(),
            report=progress,
            take_remark=remarks.append,
            engine=find_engine(),
        )
        measured = _CountedSections(sections)
        position = 0
        for texts in _split_into_batches(split_into_passages(measured)):
            with step():
                progress.hold_claim()
                if not is_again:
                    Passage.objects.bulk_create(
                        [build_passage(document, position + index, text) for index, text in enumerate(texts)]
                    )
            if is_again:
                write_passages(spool, texts)
            position += len(texts)
            # With DEBUG Django keeps every query in memory.
            reset_queries()
        missing = find_missing_languages(remarks)
        if missing is not None:
            remarks.append(missing)
        progress.begin(ReadingStage.INDEXING, percent=READ_PERCENT)
        with step():
            progress.hold_claim()
            if is_again:
                exchange_passages(document, spool)
            index_passages(document)
            reset_queries()
            Document.objects.filter(pk=document.pk, claim=document.claim).update(
                state=FileState.READY,
                stage=ReadingStage.NONE,
                progress=100,
                characters=measured.characters,
                passage_count=position,
                remarks=[remark.as_json() for remark in remarks],
                claim=None,
                extracted_at=clock(),
                reader_version=VERSIONS.get(document.media_type, 0),
                reread_at=None,
                reread_failure="",
                # Vectors that are missing now are made in the background.
                **({"embedded_at": None} if is_again else {}),
            )


@contextmanager
def _copy_to_disk(key: str, progress: Callable[[float], None]) -> Iterator[Path]:
    """Copy stored bytes to a temporary file in chunks; it is deleted when the block ends."""
    with tempfile.TemporaryDirectory(prefix="loggia-") as folder:
        path = Path(folder) / "document"
        with default_storage.open(key) as stored, path.open("wb") as copy:
            while chunk := stored.read(COPY_BYTES):
                copy.write(chunk)
                progress(0.0)
        yield path


class _CountedSections:
    """Counts the sections passing through; UnreadableError (too_much_text) over KNOWLEDGE_FILE_TOKENS."""

    def __init__(self, sections: Iterable[Section]) -> None:
        self.sections = sections
        self.characters = 0
        self.tokens = 0

    def __iter__(self) -> Iterator[Section]:
        for section in self.sections:
            for paragraph in section.paragraphs:
                self.characters += len(paragraph)
                self.tokens += len(paragraph.encode()) // TOKEN_BYTES
            if self.tokens > settings.KNOWLEDGE_FILE_TOKENS:
                raise UnreadableError("too_much_text")
            yield section


class _ProgressWriter:
    """Writes progress and heartbeat at most every REPORT_SECONDS; ClaimLostError when the claim is lost."""

    def __init__(self, document: Document, step: Step, clock: Clock) -> None:
        self.document = document
        self.step = step
        self.clock = clock
        self.percent = 0
        self.written_at = clock()

    def __call__(self, share: float) -> None:
        self.percent = int(share * READ_PERCENT)
        if (self.clock() - self.written_at).total_seconds() >= REPORT_SECONDS:
            with self.step():
                self.hold_claim()

    def begin(self, stage: ReadingStage, percent: int = 0) -> None:
        self.percent = percent
        with self.step():
            self.hold_claim(stage=stage)

    def hold_claim(self, **changes: str) -> None:
        self.written_at = self.clock()
        held = Document.objects.filter(pk=self.document.pk, claim=self.document.claim)
        if not held.update(heartbeat_at=self.written_at, progress=self.percent, **changes):
            raise ClaimLostError


def _split_into_batches(texts: Iterator[PassageText]) -> Iterator[list[PassageText]]:
    while batch := list(islice(texts, BATCH)):
        yield batch


def _fail_document(document: Document, code: str, step: Step, clock: Clock) -> None:
    with step():
        _mark_failed(document, code, clock())
    log.info("document_not_read", document_id=document.pk, failure=code)


def _mark_failed(document: Document, code: str, at: datetime) -> None:
    if document.state == FileState.READY and code not in DANGEROUS:
        # What was read before goes on answering.
        held = Document.objects.filter(pk=document.pk, claim=document.claim)
        held.update(
            claim=None,
            stage=ReadingStage.NONE,
            progress=100,
            reread_at=None,
            reread_failure=code,
            retry_at=None,
        )
        return
    if not _release_claim(document.pk, document.claim, state=FileState.FAILED, failure=code, reread_at=None):
        return
    Passage.objects.filter(document=document).delete()
    remove_from_index(document)
    if code in DANGEROUS:
        report_dangerous_document(document, code, at)


def _handle_timeout(document: Document, problem: TooSlowError, step: Step, clock: Clock) -> int | None:
    """Count the time-out. Retry once if the machine was busy: CPU time does not shrink by waiting."""
    with step():
        Document.objects.filter(pk=document.pk, claim=document.claim).update(timeouts=F("timeouts") + 1)
    if problem.used_cpu or document.timeouts + 1 >= MAX_TIMEOUTS:
        _fail_document(document, problem.code, step, clock)
        return None
    return _schedule_retry(document, step, clock)


def _schedule_retry(document: Document, step: Step, clock: Clock) -> int | None:
    if document.attempts > len(BACK_OFF):
        _fail_document(document, "crashed", step, clock)
        return None
    seconds = BACK_OFF[document.attempts - 1]
    with step():
        retry_at = clock() + timedelta(seconds=seconds)
        state = FileState.READY if document.state == FileState.READY else FileState.WAITING
        _release_claim(document.pk, document.claim, state=state, retry_at=retry_at)
    return seconds


def _release_claim(document_id: int, claim: UUID | None, **changes: object) -> int:
    held = Document.objects.filter(pk=document_id, claim=claim)
    return held.update(claim=None, stage=ReadingStage.NONE, progress=0, **changes)
