"""Work after commit: the one way from a service to a Celery task."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import Task
from django.db import transaction


def enqueue_on_commit(task: Task[Any, Any], **kwargs: Any) -> None:
    """Send ``task`` with keyword primitives once the surrounding transaction has committed.

    Nothing is sent when it rolls back. Tasks may run twice and must be idempotent. A broker that is down
    is logged and does not undo or fail what was committed: the beat's sweeps pick the work up.
    """
    transaction.on_commit(partial(task.apply_async, kwargs=kwargs), robust=True)
