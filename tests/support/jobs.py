"""Reading the jobs that a test has enqueued from the real broker."""

from __future__ import annotations

from queue import Empty
from typing import Any

from config.celery import app


def take_jobs() -> list[tuple[str, dict[str, Any]]]:
    """Remove all enqueued jobs and return them as (task name, keyword arguments), oldest first."""
    jobs = []
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(app.conf.task_default_queue)
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                break
            message.ack()
            jobs.append((message.headers["task"], message.payload[1]))
        queue.close()
    return jobs
