"""Runs processes as one unit: when one ends, all are stopped and the reason is printed."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from embedded.forking import ForkedProcess, fork
from embedded.processes import get_command_line, wait_until

ENVIRONMENT_MARK = "LOGGIA_SUPERVISED_FROM"
STOP_SECONDS = 20
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """On Linux the kernel sends SIGTERM when the supervisor dies; elsewhere the next start ends leftovers."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class SupervisedProcess:
    """A process with its group of children, and the last lines of its output."""

    def __init__(self, name: str, child: subprocess.Popen[bytes] | ForkedProcess, output: IO[bytes]) -> None:
        self.name = name
        self.child = child
        self.last = deque[str](maxlen=15)
        self._output = output
        self._reader: threading.Thread | None = None

    def start_reading(self) -> None:
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

    def _read(self) -> None:
        with self._output as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip()
                self.last.append(text)
                with suppress(OSError, ValueError):
                    print(f"{self.name:<8}| {text}", flush=True)

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.pid, number)

    @property
    def has_live_group(self) -> bool:
        """Whether any process of its group is alive."""
        self.child.poll()
        return is_group_alive(self.child.pid)


def is_group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class Supervisor:
    """Starts processes and watches servers; ``run`` returns when all have stopped."""

    def __init__(self, root: Path, record: Path) -> None:
        self.root = root
        self.record = record
        self.processes: list[SupervisedProcess] = []
        self.watched: dict[str, tuple[Callable[[], bool], Callable[[], str]]] = {}
        self.is_stop_requested = False

    def add(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a program."""
        popen = subprocess.Popen(
            command,
            cwd=self.root,
            env={**os.environ, **environment, ENVIRONMENT_MARK: str(self.root), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its own process group: Ctrl-C reaches only the supervisor
            preexec_fn=end_with_parent,  # noqa: PLW1509 - no thread of this process holds a lock yet
        )
        assert popen.stdout is not None
        self._add(SupervisedProcess(name, popen, popen.stdout))

    def fork(self, name: str, run: Callable[[], object], environment: Mapping[str, str]) -> None:
        """Run a function in a process that has what this one imported; before ``read_outputs``."""
        self._add(SupervisedProcess(name, *fork(run, environment, prepare=end_with_parent)))

    def _add(self, process: SupervisedProcess) -> None:
        self.processes.append(process)
        self.record.write_text(json.dumps([process.child.pid for process in self.processes]))

    def read_outputs(self) -> None:
        """Show what the processes print. It takes threads, so that nothing is forked afterwards."""
        for process in self.processes:
            process.start_reading()

    def watch(self, name: str, is_alive: Callable[[], bool], last_output: Callable[[], str]) -> None:
        """Stop everything when ``is_alive`` returns False; ``last_output`` returns the end of its log."""
        self.watched[name] = (is_alive, last_output)

    def find_failure(self) -> tuple[str, str] | None:
        """Return what ended (name and how) with its last output; None while all run."""
        # Servers first: their end also ends the processes.
        for name, (is_alive, last_output) in self.watched.items():
            if not is_alive():
                return f"{name} is gone", last_output()
        for process in self.processes:
            code = process.child.poll()
            if code is not None:
                how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
                time.sleep(0.2)  # let the reader thread take the last lines
                return f"{process.name} {how}", "\n".join(process.last)
        return None

    def run(self) -> int:
        """Wait for Ctrl-C, SIGTERM or a failure, then stop all; returns the exit code."""
        failed = None
        self.read_outputs()
        while not self.is_stop_requested and not (failed := self.find_failure()):
            time.sleep(0.3)
        self.stop()
        if failed:
            what, output = failed
            print(f"\nLoggia stopped because {what}. Its last output:\n{output or '(none)'}", file=sys.stderr)
            return 1
        return 0

    def stop(self) -> None:
        for process in self.processes:
            process.signal(signal.SIGTERM)
        if not wait_until(self._is_stopped, STOP_SECONDS, every=0.1):
            for process in self.processes:
                process.signal(signal.SIGKILL)
        for process in self.processes:
            process.child.wait()
        self.record.unlink(missing_ok=True)

    def _is_stopped(self) -> bool:
        return not any(process.has_live_group for process in self.processes)

    def handle_stop_signals(self) -> None:
        def stop(number: int, frame: object) -> None:
            self.is_stop_requested = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)


def end_leftovers(record: Path, root: Path) -> None:
    """End recorded process groups that a killed supervisor left behind and that carry this clone's mark."""
    try:
        groups = [int(group) for group in json.loads(record.read_text())]
    except (OSError, ValueError):
        return
    leftovers = [group for group in groups if is_group_alive(group) and has_clone_mark(group, root)]
    for number, seconds in ((signal.SIGTERM, 8), (signal.SIGKILL, 5)):
        for group in leftovers:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        if wait_until(lambda: not any(is_group_alive(group) for group in leftovers), seconds, every=0.1):
            break
    record.unlink(missing_ok=True)


def has_clone_mark(group: int, root: Path) -> bool:
    """Whether a supervisor of this clone started the process group (group ids are reused)."""
    mark = f"{ENVIRONMENT_MARK}={root}".encode()
    if not Path("/proc/self/environ").exists():
        return any(word in get_command_line(group) for word in ("config.web_server", "config.celery"))
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            same = entry.name.isdigit() and os.getpgid(int(entry.name)) == group
            if same and mark in (entry / "environ").read_bytes().split(b"\0"):
                return True
    return False
