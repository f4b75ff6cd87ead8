"""Starts Celery workers for tests by forking a process that has imported the product already.

Importing takes three seconds of CPU, a fork none, and some thirty tests start a worker of their own. The main
of this module reads the path of a log from each line of its input, forks a worker that prints there, and
answers with its process id.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from embedded.paths import ROOT

_started: dict[tuple[tuple[str, str], ...], subprocess.Popen[bytes]] = {}


class ForkedProcess:
    """The part of subprocess.Popen that tests use, for a process that is not a child of this one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process = psutil.Process(pid)

    def poll(self) -> int | None:
        """Return None while the process runs, afterwards 0: its exit status is not known here."""
        return None if self._process.is_running() else 0

    def wait(self, timeout: float | None = None) -> int:
        try:
            self._process.wait(timeout)
        except psutil.TimeoutExpired as error:
            raise subprocess.TimeoutExpired("celery worker", timeout or 0) from error
        return 0


def fork_worker(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> ForkedProcess:
    """Start a Celery worker with these arguments and environment in a session of its own."""
    # The name of the running test differs each time and concerns no worker.
    key = tuple(sorted(item for item in environment.items() if item[0] != "PYTEST_CURRENT_TEST"))
    parent = _started.get(key)
    if parent is None or parent.poll() is not None:
        parent = _started[key] = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm_worker", *arguments],
            cwd=ROOT,
            env=dict(key),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    assert parent.stdin and parent.stdout
    log.write_bytes(b"")
    parent.stdin.write(f"{log}\n".encode())
    parent.stdin.flush()
    return ForkedProcess(int(parent.stdout.readline()))


def stop_forking() -> None:
    """End the processes that fork; their workers are ended by who started them."""
    for parent in _started.values():
        if parent.stdin and parent.stdout:
            parent.stdin.close()  # the end of its input
            parent.stdout.close()
        parent.wait()
    _started.clear()


def main(arguments: list[str]) -> None:
    from config.celery import app

    app.loader.import_default_modules()
    app.finalize(auto=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the workers
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_worker(line.rstrip("\n"))
            try:
                app.worker_main(arguments)
            except Exception:  # noqa: BLE001  # shown in the log
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)  # what the process that forked has to do at its end is not the worker's
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become_worker(log: str) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(old, new)


if __name__ == "__main__":
    main(sys.argv[1:])
