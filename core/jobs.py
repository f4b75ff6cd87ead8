"""Background jobs: the one way from a service to a Celery task, by the task's registered name.

Services name a task instead of importing it, because tasks import services.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction


def enqueue_on_commit(task: str, /, *, countdown: float | None = None, **kwargs: Any) -> None:
    """Send the task named ``task`` with keyword primitives once the surrounding transaction has committed.

    ``countdown`` delays it by that many seconds. Nothing is sent when the transaction rolls back. Tasks may
    run twice and must be idempotent. A failure of the broker is logged, not raised: periodic jobs pick up
    work that was not sent.
    """
    send = partial(current_app.send_task, task, kwargs=kwargs, countdown=countdown)
    transaction.on_commit(send, robust=True)
