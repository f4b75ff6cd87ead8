"""Reading of knowledge files and of files in chats in fair order: they share the workers' slots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from core.fair_share import Waiting, choose_next
from core.jobs import enqueue_on_commit
from gpts.chat.queries.attachments import list_read_attachments, list_readable_attachments
from gpts.chat.services.attachments import claim_attachment, read_claimed_attachment
from gpts.knowledge.queries import list_read_documents, list_readable_documents
from gpts.knowledge.services.documents import SILENCE_SECONDS
from gpts.knowledge.services.reading import Clock, Step, claim_document, read_claimed_document

# A job hands over to another one after this time, so that a worker can be stopped between files.
JOB_SECONDS = 120
# Held while a file is chosen and claimed: two workers must not give the same share one slot too many.
ADVISORY_LOCK = 7_203_115
SERVED_SECONDS = 3600
_SERVED = "files:served:"


def read_waiting_files(*, step: Step, clock: Clock) -> int:
    """Read files until none is left that may be read now; returns how many. Running twice reads each once.

    Which file is next is decided each time by ``choose_next``: the job that was sent for one person's upload
    may read another's. ``step`` opens a short transaction with a scope that sees all rows.
    """
    done, ends_at = 0, clock() + timedelta(seconds=JOB_SECONDS)
    while clock() < ends_at:
        with step():
            read = _claim_next(step, clock)
        if read is None:
            return done
        done += 1
        wait = read()
        if wait is not None:
            enqueue_on_commit("gpts.read_files", countdown=wait + 1)
    enqueue_on_commit("gpts.read_files")
    return done


def _claim_next(step: Step, clock: Clock) -> Callable[[], int | None] | None:
    """Claim the next file; returns the function that reads it, which returns the seconds until a retry."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
    at = clock()
    alive_since = at - timedelta(seconds=SILENCE_SECONDS)
    waiting = [
        *list_readable_documents(at=at, heartbeat_before=alive_since),
        *list_readable_attachments(at=at),
    ]
    running = [*list_read_documents(heartbeat_since=alive_since), *list_read_attachments(at=at)]
    served = _get_served(waiting)
    while (job := choose_next(waiting, running, served, per_share=settings.FILES_PER_WORKSPACE)) is not None:
        read = _claim(job, step, clock)
        if read is not None:
            cache.set_many({_SERVED + share: at.timestamp() for share in job.shares}, SERVED_SECONDS)
            return read
        waiting.remove(job)
    return None


def _claim(job: Waiting, step: Step, clock: Clock) -> Callable[[], int | None] | None:
    if job.kind == "document":
        document = claim_document(job.key, clock())
        return None if document is None else partial(read_claimed_document, document, step=step, clock=clock)
    attachment = claim_attachment(job.key, clock())
    return None if attachment is None else partial(read_claimed_attachment, attachment, step=step)


def _get_served(waiting: list[Waiting]) -> dict[str, float]:
    keys = {_SERVED + share for job in waiting for share in job.shares}
    return {key.removeprefix(_SERVED): at for key, at in cache.get_many(keys).items()} if keys else {}
