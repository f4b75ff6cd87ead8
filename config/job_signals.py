"""Workers note what they run, what failed, and that they live; for /operator/jobs.

A failure to note never fails a job.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import redis
import structlog
from celery import signals
from django.db import DatabaseError

from core import job_log
from core.failed_jobs import forget_failed_job, get_digest, note_failed_job
from core.scope import system_scope

log = structlog.get_logger(__name__)
SIGN_SECONDS = 10.0


def _now() -> datetime:
    return datetime.now(UTC)


@signals.before_task_publish.connect(weak=False)
def note_sending(headers: dict[str, Any] | None = None, **_rest: object) -> None:
    """Say in the message when it was sent, so that the age of what waits is known. A retry keeps its time."""
    if headers is not None:
        headers.setdefault(job_log.SENT_AT, _now().timestamp())


@signals.task_prerun.connect(weak=False)
def note_start(task_id: str, task: Any, **_rest: object) -> None:
    with suppress(redis.RedisError):
        job_log.note_start(job_id=task_id, task=task.name, worker=str(task.request.hostname or ""), at=_now())


@signals.task_postrun.connect(weak=False)
def note_end(task_id: str, task: Any, state: str | None = None, **_rest: object) -> None:
    with suppress(redis.RedisError):
        job_log.note_end(job_id=task_id, task=task.name, at=_now(), is_ok=state == "SUCCESS")


@signals.task_failure.connect(weak=False)
def note_failure(
    sender: Any, exception: BaseException, kwargs: dict[str, Any] | None = None, **_rest: object
) -> None:
    arguments = dict(kwargs or {})
    try:
        with system_scope("config.note_failed_job"):
            note_failed_job(task=sender.name, arguments=arguments, error=exception, at=_now())
        job_log.mark_failed(get_digest(sender.name, arguments))
    except (DatabaseError, redis.RedisError) as error:
        log.warning("jobs.failure_not_noted", task=sender.name, error=type(error).__name__)


@signals.task_success.connect(weak=False)
def note_success(sender: Any, **_rest: object) -> None:
    digest = get_digest(sender.name, dict(sender.request.kwargs or {}))
    with suppress(DatabaseError, redis.RedisError):
        if job_log.unmark_failed(digest):
            with system_scope("config.forget_failed_job"):
                forget_failed_job(digest=digest)


@signals.worker_ready.connect(weak=False)
def start_signs_of_life(sender: Any, **_rest: object) -> None:
    """Say at once, and then every few seconds, that this worker lives. Its heartbeat may be turned off."""
    name = str(sender.hostname)
    note_worker(name)
    sender.timer.call_repeatedly(SIGN_SECONDS, note_worker, (name,))


def note_worker(name: str) -> None:
    with suppress(redis.RedisError):
        job_log.note_worker(name=name, at=_now())
