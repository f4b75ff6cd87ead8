"""Keeping processes together: all run, or all stop and the reason is told."""

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

from embedded.processes import get_command_line, wait_until

MARK = "LOGGIA_SUPERVISED_FROM"
STOP_SECONDS = 20
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """On Linux a part is told to end when the supervisor is killed; elsewhere the next start finds it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Part:
    """One process with everything it starts, and the last lines it printed."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], root: Path) -> None:
        self.name = name
        self.last = deque[str](maxlen=15)
        self.process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, **environment, MARK: str(root), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own: Ctrl-C reaches only the supervisor
            preexec_fn=end_with_parent,  # noqa: PLW1509 - runs before any thread of ours takes a lock
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip()
            self.last.append(text)
            with suppress(OSError, ValueError):
                print(f"{self.name:<8}| {text}", flush=True)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    @property
    def has_group(self) -> bool:
        """Whether anything that it started still lives."""
        self.process.poll()
        return group_lives(self.process.pid)


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class Supervisor:
    """Runs parts and watches others; ``run`` returns when all have stopped."""

    def __init__(self, root: Path, record: Path) -> None:
        self.root = root
        self.record = record
        self.parts: list[Part] = []
        self.watched: dict[str, tuple[Callable[[], bool], Callable[[], str]]] = {}
        self.asked_to_stop = False

    def add(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Part:
        part = Part(name, command, environment, self.root)
        self.parts.append(part)
        self.record.write_text(json.dumps([part.process.pid for part in self.parts]))
        return part

    def watch(self, name: str, lives: Callable[[], bool], last_output: Callable[[], str]) -> None:
        """Stop everything as well when ``lives`` says no; ``last_output`` is what it printed."""
        self.watched[name] = (lives, last_output)

    def failure(self) -> tuple[str, str] | None:
        """The first thing that is not running: its name with how it ended, and its last output."""
        for name, (lives, last_output) in self.watched.items():  # first: its loss brings the others down
            if not lives():
                return f"{name} is gone", last_output()
        for part in self.parts:
            if not part.is_running:
                code = part.process.returncode
                how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
                time.sleep(0.2)  # its reader may hold the last lines
                return f"{part.name} {how}", "\n".join(part.last)
        return None

    def run(self) -> int:
        """Wait for Ctrl-C, SIGTERM or a failure, then stop every part; 0 only when we were asked to stop."""
        failed = None
        while not self.asked_to_stop and not (failed := self.failure()):
            time.sleep(0.3)
        self.stop()
        if failed:
            what, output = failed
            print(f"\nLoggia stopped because {what}. Its last output:\n{output or '(none)'}", file=sys.stderr)
            return 1
        return 0

    def stop(self) -> None:
        for part in self.parts:
            part.signal(signal.SIGTERM)
        if not wait_until(lambda: not any(part.has_group for part in self.parts), STOP_SECONDS, every=0.1):
            for part in self.parts:
                part.signal(signal.SIGKILL)
        for part in self.parts:
            part.process.wait()
        self.record.unlink(missing_ok=True)

    def listen_for_stop(self) -> None:
        def stop(number: int, frame: object) -> None:
            self.asked_to_stop = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)


def end_leftovers(record: Path, root: Path) -> None:
    """End what a killed supervisor left behind: groups on record in which a process carries our mark."""
    try:
        groups = [int(group) for group in json.loads(record.read_text())]
    except (OSError, ValueError):
        return
    ours = [group for group in groups if group_lives(group) and carries_mark(group, root)]
    for number, seconds in ((signal.SIGTERM, 8), (signal.SIGKILL, 5)):
        for group in ours:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        if wait_until(lambda: not any(group_lives(group) for group in ours), seconds, every=0.1):
            break
    record.unlink(missing_ok=True)


def carries_mark(group: int, root: Path) -> bool:
    """Whether the process group was started by a supervisor of this clone (numbers are reused)."""
    mark = f"{MARK}={root}".encode()
    if not Path("/proc/self/environ").exists():
        return any(word in get_command_line(group) for word in ("config.asgi", "config.celery"))
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            same = process.name.isdigit() and os.getpgid(int(process.name)) == group
            if same and mark in (process / "environ").read_bytes().split(b"\0"):
                return True
    return False
