"""Jobs that a test has enqueued on the real broker: taken from it, or run in the test's own process."""

from __future__ import annotations

from functools import cache
from queue import Empty
from typing import Any

import redis
from django.conf import settings

from config.celery import QUEUE_NAMES, app


def take_jobs() -> list[tuple[str, dict[str, Any]]]:
    """Remove all enqueued jobs; return (task name, keyword arguments), queue by queue, oldest first."""
    client = _get_broker()
    # Declaring a queue takes as long as some tests, and most queues are empty.
    return [
        (name, kwargs) for queue in QUEUE_NAMES if client.llen(queue) for name, kwargs in take_jobs_of(queue)
    ]


def take_jobs_of(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Remove the jobs of one queue and return them, oldest first."""
    jobs = []
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(name)
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                break
            message.ack()
            jobs.append((message.headers["task"], message.payload[1]))
        queue.close()
    return jobs


@cache
def _get_broker() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


@cache
def load_tasks() -> None:
    """Register the tasks of all apps; once, as Celery then checks every model."""
    app.loader.import_default_modules()


def run_enqueued_jobs() -> list[str]:
    """Run the enqueued jobs, also those that they enqueue, in order; return the names of their tasks."""
    load_tasks()
    names = []
    while jobs := take_jobs():
        for name, kwargs in jobs:
            app.tasks[name](**kwargs)
            names.append(name)
    return names
