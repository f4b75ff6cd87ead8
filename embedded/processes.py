"""Functions on processes: find, detach, wait, stop, and read the end of a log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def get_command_line(pid: int) -> str:
    """Return the command line of a live process; empty for no process or a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return "" if state == "Z" else Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return ""
    done = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def is_process_running(pid: int, *marks: str) -> bool:
    """Whether ``pid`` is alive and its command line contains every mark (process ids are reused)."""
    command = get_command_line(pid)
    return bool(command) and all(mark in command for mark in marks)


def detach_process(process: subprocess.Popen[bytes]) -> None:
    """Stop Popen from warning about a server that outlives it; its pid file finds it again."""
    process.returncode = 0


def wait_until(test: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if test():
            return True
        time.sleep(every)
    return test()


def stop_process(pid: int, *, by: signal.Signals, seconds: float, marks: tuple[str, ...]) -> None:
    """Send ``by`` to ``pid``, whose command line contains ``marks``, and wait; kill it after ``seconds``."""

    def alive() -> bool:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # reap our own child: PostgreSQL takes its zombie for a live server
        return is_process_running(pid, *marks)

    try:
        os.kill(pid, by)
        if not wait_until(lambda: not alive(), seconds):
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not alive(), 5)
    except ProcessLookupError:
        pass


def last_lines(path: Path, count: int = 12) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def get_disk_full_hint(text: str) -> str:
    """Return a hint if the output shows that the disk is full, else an empty string."""
    full = "No space left on device" in text or "Disk quota exceeded" in text
    return " The disk is full: free some space and start again." if full else ""
