"""Background jobs: the one way from a service to a Celery task, by the task's registered name.

Services name a task instead of importing it, because tasks import services.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def enqueue_on_commit(
    task: str, /, *, countdown: float | None = None, expires: float | None = None, **kwargs: Any
) -> None:
    """Send the task named ``task`` with keyword primitives once the surrounding transaction has committed.

    ``countdown`` delays it by that many seconds, after ``expires`` no worker begins it. Nothing is sent when
    the transaction rolls back. Tasks may run twice and must be idempotent. A failure of the broker is logged,
    not raised: periodic jobs pick up work that was not sent.
    """

    # A plain function, as Django logs the callback's __qualname__ when it fails.
    def send() -> None:
        current_app.send_task(task, kwargs=kwargs, countdown=countdown, expires=expires)

    transaction.on_commit(send, robust=True)


def enqueue_now(task: str, /, **kwargs: Any) -> None:
    """Send the task at once, also when the surrounding transaction rolls back: for notices of refusals."""
    try:
        current_app.send_task(task, kwargs=kwargs)
    except OperationalError as error:
        log.warning("jobs.not_sent", task=task, error=str(error))


def resend_on_commit(task: str, arguments: dict[str, Any], /) -> None:
    """Send a job again that failed, with the arguments that it had, once the transaction has committed."""

    def send() -> None:
        current_app.send_task(task, kwargs=arguments)

    transaction.on_commit(send, robust=True)


def log_refused_task(task: str, reason: str, **ids: object) -> None:
    """Note that a job did nothing, because what its ids name is gone, closed or not for its person any more.

    A job trusts no argument: it reads from the rows whose they are and whether it may still work for them.
    """
    log.warning("task_refused", task=task, reason=reason, **ids)
