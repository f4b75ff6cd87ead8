"""Threads of a worker that wait for other hosts, so that slow hosts do not hold up other jobs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

THREADS = 8


class JobThreads:
    """Runs ``work`` in up to THREADS threads, each until ``work`` returns False.

    A thread holds no database connection while it waits. Threads end with their process; jobs that they were
    running are queued again once their lease is over.
    """

    def __init__(self, work: Callable[[], bool], threads: int = THREADS) -> None:
        self._work = work
        self._threads = threads
        self._lock = threading.Lock()
        self._active = 0
        self._calls = 0
        self._process = os.getpid()

    def wake(self) -> None:
        """Start a thread unless all are busy; those look for another job before they end."""
        with self._lock:
            if self._process != os.getpid():
                # A forked worker has none of its parent's threads.
                self._process, self._active = os.getpid(), 0
            self._calls += 1
            if self._active >= self._threads:
                return
            self._active += 1
        threading.Thread(target=self._run, name="outbound-job", daemon=True).start()

    def _run(self) -> None:
        seen = -1
        try:
            while True:
                with self._lock:
                    if seen == self._calls:
                        self._active -= 1
                        return
                    seen = self._calls
                while self._work():
                    pass
        except BaseException:
            with self._lock:
                self._active -= 1
            raise
