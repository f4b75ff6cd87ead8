"""What runs now, when each job last ran, and which workers live: facts in Redis that may be lost.

Workers write it (config/job_signals.py), operators read it. A running job whose worker died stays in the list
until RUNNING_SECONDS have passed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

RUNNING, LAST, WORKERS, FAILED = "jobs:running", "jobs:last", "jobs:workers", "jobs:failed"
# Results of checks that jobs make, by their names.
FACTS = "jobs:facts"
# A header of a message: when it was sent, in seconds since 1970.
SENT_AT = "sent_at"
# Longer than CELERY_TASK_TIME_LIMIT.
RUNNING_SECONDS = 2_400
# A worker sends a sign of life every few seconds.
WORKER_LIVES = timedelta(seconds=60)
WORKER_KEPT = timedelta(days=1)
QUEUE_TIMEOUT = 2


@dataclass(frozen=True)
class RunningJob:
    task: str
    worker: str
    since: datetime


@dataclass(frozen=True)
class LastRun:
    """The last run of a task: when it ended, how long it took, and whether it succeeded."""

    at: datetime
    seconds: float
    is_ok: bool


@dataclass(frozen=True)
class Worker:
    name: str
    seen_at: datetime
    is_alive: bool


@dataclass(frozen=True)
class JobLog:
    """Everything at once. ``queues`` maps names to the number of waiting jobs.

    ``oldest`` says since when the job waits that is next in its queue, without queues where nothing waits.
    """

    queues: dict[str, int]
    oldest: dict[str, datetime]
    running: list[RunningJob]
    last_runs: dict[str, LastRun]
    workers: list[Worker]


def note_start(*, job_id: str, task: str, worker: str, at: datetime) -> None:
    _client().hset(RUNNING, job_id, json.dumps([task, worker, at.timestamp()]))


def note_end(*, job_id: str, task: str, at: datetime, is_ok: bool) -> None:
    client = _client()
    started = client.hget(RUNNING, job_id)
    seconds = at.timestamp() - json.loads(started)[2] if started else 0.0
    with client.pipeline(transaction=False) as batch:
        batch.hdel(RUNNING, job_id)
        batch.hset(LAST, task, json.dumps([at.timestamp(), round(seconds, 3), is_ok]))
        batch.execute()


def note_worker(*, name: str, at: datetime) -> None:
    _client().hset(WORKERS, name, str(at.timestamp()))


def mark_failed(digest: str) -> None:
    """Remember that there is a row for this job, so that its success removes it."""
    _client().sadd(FAILED, digest)


def unmark_failed(digest: str) -> bool:
    """Return whether the job had failed before, and forget it."""
    return bool(_client().srem(FAILED, digest))


def read_job_log(queues: list[str], *, at: datetime) -> JobLog:
    """Return the log, with the lengths of these queues. Raises redis.RedisError when Redis is down."""
    with _client().pipeline(transaction=False) as batch:
        for name in queues:
            batch.llen(name)
            batch.lindex(name, -1)
        batch.hgetall(RUNNING)
        batch.hgetall(LAST)
        batch.hgetall(WORKERS)
        *found, running, last, workers = batch.execute()
    oldest = {name: _read_sent_at(message) for name, message in zip(queues, found[1::2], strict=True)}
    return JobLog(
        queues=dict(zip(queues, map(int, found[::2]), strict=True)),
        oldest={name: at for name, at in oldest.items() if at is not None},
        running=_read_running(running, at),
        last_runs={_text(task): _read_run(json.loads(value)) for task, value in last.items()},
        workers=_read_workers(workers, at),
    )


def _read_sent_at(message: Any) -> datetime | None:
    """Return when a waiting message was sent, None for none and for one of an earlier release."""
    try:
        return (
            datetime.fromtimestamp(float(json.loads(message)["headers"][SENT_AT]), UTC) if message else None
        )
    except (ValueError, KeyError, TypeError):
        return None


def write_fact(name: str, value: str) -> None:
    _client().hset(FACTS, name, value)


def read_fact(name: str) -> str | None:
    """Return what write_fact noted last. Raises redis.RedisError when Redis is down."""
    value = _client().hget(FACTS, name)
    return None if value is None else _text(value)


def _read_running(found: dict[Any, Any], at: datetime) -> list[RunningJob]:
    jobs = []
    for value in found.values():
        task, worker, started = json.loads(value)
        since = datetime.fromtimestamp(started, UTC)
        if at - since < timedelta(seconds=RUNNING_SECONDS):
            jobs.append(RunningJob(task, worker, since))
    return sorted(jobs, key=lambda job: job.since)


def _read_run(values: list[Any]) -> LastRun:
    return LastRun(datetime.fromtimestamp(values[0], UTC), float(values[1]), bool(values[2]))


def _read_workers(found: dict[Any, Any], at: datetime) -> list[Worker]:
    workers = []
    for name, value in found.items():
        seen = datetime.fromtimestamp(float(value), UTC)
        if at - seen < WORKER_KEPT:
            workers.append(Worker(_text(name), seen, at - seen < WORKER_LIVES))
    return sorted(workers, key=lambda worker: worker.name)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _client() -> redis.Redis:
    return _connect(settings.REDIS_URL)


@lru_cache(maxsize=4)
def _connect(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=QUEUE_TIMEOUT, socket_connect_timeout=QUEUE_TIMEOUT)
