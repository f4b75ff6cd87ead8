"""Runs background jobs in the test's own process."""

from __future__ import annotations

from queue import Empty

from config.celery import app


def run_enqueued_jobs() -> list[str]:
    """Run the jobs that wait in the broker, in order, and return the names of their tasks."""
    app.loader.import_default_modules()
    names = []
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(app.conf.task_default_queue)
        try:
            while True:
                message = queue.get(block=False)
                _args, kwargs, _options = message.payload
                message.ack()
                names.append(message.headers["task"])
                app.tasks[names[-1]](**kwargs)
        except Empty:
            return names
        finally:
            queue.close()
