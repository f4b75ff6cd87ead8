"""Whether files can be kept: a small object is written, read and deleted, with a time limit.

A job does it and notes the result in Redis; pages only read that, as a request may not wait for another host
while it holds a connection to the database.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.connections import release_connection
from core.ids import uuid7
from core.job_log import read_fact, write_fact

log = structlog.get_logger(__name__)

SECONDS = 20.0
FACT = "storage"
FOLDER = "checks"
# What went wrong, as it is stored; words.py of the page says it.
TIMED_OUT, DIFFERS, STILL_THERE, REFUSED = "timed_out", "differs", "still_there", "refused"


@dataclass(frozen=True)
class StorageCheck:
    """The last check: when, how long it took, and ``problem``, empty when all went well.

    ``error`` names the class of the error that the storage raised, if it raised one.
    """

    at: datetime
    seconds: float
    problem: str = ""
    error: str = ""


class _Thread(threading.Thread):
    """Uses the storage; a thread that hangs is left behind, and no other one is started meanwhile."""

    def __init__(self, at: datetime) -> None:
        super().__init__(name="storage-check", daemon=True)
        self.at = at
        # Stands for errors that are none of the storage's.
        self.outcome: tuple[str, str] = (REFUSED, "")

    def run(self) -> None:
        try:
            self.outcome = (_use_storage(), "")
        except Exception as error:  # noqa: BLE001 - whatever the storage's library raises, nothing can be kept
            self.outcome = (REFUSED, type(error).__name__)


_running: _Thread | None = None
_starting = threading.Lock()


def check_storage(*, clock: Callable[[], datetime], seconds: float = SECONDS) -> StorageCheck:
    """Write, read and delete a small object; note the result and return it. Not inside a scope.

    After ``seconds`` the check has failed, whatever the storage does then. Raises redis.RedisError when the
    result cannot be noted.
    """
    global _running  # noqa: PLW0603 - a thread that hangs outlives its job
    release_connection("the object store")
    started, at = monotonic(), clock()
    with _starting:
        if _running is None or not _running.is_alive():
            _running = _Thread(at)
            _running.start()
        thread = _running
    thread.join(seconds)
    problem, error = (TIMED_OUT, "") if thread.is_alive() else thread.outcome
    found = StorageCheck(at, round(monotonic() - started, 3), problem, error)
    if problem:
        log.warning("storage.check_failed", problem=problem, error=error)
    write_fact(FACT, json.dumps([at.timestamp(), found.seconds, problem, error]))
    return found


def read_storage_check() -> StorageCheck | None:
    """Return the last check, None where there was none. Raises redis.RedisError when Redis is down."""
    value = read_fact(FACT)
    if value is None:
        return None
    at, seconds, problem, error = json.loads(value)
    return StorageCheck(datetime.fromtimestamp(at, UTC), float(seconds), str(problem), str(error))


def _use_storage() -> str:
    """Return what was wrong, empty for nothing."""
    content = uuid7().bytes
    name = default_storage.save(f"{FOLDER}/{uuid7()}.bin", ContentFile(content))
    try:
        with default_storage.open(name) as stored:
            is_same = stored.read() == content
    finally:
        default_storage.delete(name)
    if not is_same:
        return DIFFERS
    return STILL_THERE if default_storage.exists(name) else ""
