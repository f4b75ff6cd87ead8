"""Forks processes from this one, which has imported what they run: none imports it again.

They also share its memory until they write to it.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import IO

NOT_INHERITED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ForkedProcess:
    """A child of this process, with the part of subprocess.Popen that the supervisor uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, negative for a signal; TimeoutExpired after ``timeout`` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self._reap(0 if end is None else os.WNOHANG)) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.05)
        return code

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def fork(
    run: Callable[[], object], environment: Mapping[str, str], *, prepare: Callable[[], None]
) -> tuple[ForkedProcess, IO[bytes]]:
    """Run ``run`` in a child with a session of its own; return it with what it writes to both outputs.

    ``prepare`` runs first, in the child. Like a program that is started, the child has no open files of this
    process. To be called while this process has one thread: a lock that another one holds would stay locked.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads of libraries, such as those of numpy, which see to forks themselves.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(writing)
        return ForkedProcess(pid), os.fdopen(reading, "rb")
    code = 1
    try:
        os.setsid()
        for number in NOT_INHERITED:
            signal.signal(number, signal.SIG_DFL)
        prepare()
        _take_over_streams(writing)
        os.environ.update(environment)
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # shown by the supervisor
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # what the supervisor has to do at its end is not the child's


def _take_over_streams(writing: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (writing, 1), (writing, 2)):
        os.dup2(old, new)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    sys.stdin = open(0)  # noqa: SIM115 - open as long as the process runs
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a real stream


def freeze_memory() -> None:
    """Keep what is loaded out of the garbage collector's walks, whose marks would copy the shared memory."""
    gc.collect()
    gc.freeze()
