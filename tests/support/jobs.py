"""Jobs that a test has enqueued on the real broker: taken from it, or run in the test's own process."""

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


def run_enqueued_jobs() -> list[str]:
    """Run the enqueued jobs, also those that they enqueue, in order; return the names of their tasks."""
    app.loader.import_default_modules()
    names = []
    while jobs := take_jobs():
        for name, kwargs in jobs:
            app.tasks[name](**kwargs)
            names.append(name)
    return names
