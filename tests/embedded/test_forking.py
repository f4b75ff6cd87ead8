"""Processes forked by the supervisor: their outputs, environment, open files, signals and exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from embedded.forking import ForkedProcess, fork
from tests.support.waiting import wait_for


def run(work: Callable[[], object], **environment: str) -> tuple[ForkedProcess, str]:
    """Run ``work`` in a fork until its end; return what it wrote."""
    child, output = fork(work, environment, prepare=lambda: None)
    limit = threading.Timer(60, os.kill, (child.pid, signal.SIGKILL))  # a child that hangs ends the test
    limit.start()
    with output:
        said = output.read().decode()
    limit.cancel()
    return child, said


def write(text: object) -> None:
    os.write(1, f"{text}\n".encode())


def test_it_writes_into_the_pipe_in_a_session_and_an_environment_of_its_own() -> None:
    def tell() -> None:
        write([os.getsid(0) == os.getpid(), os.environ["FORKED"], os.read(0, 1)])
        os.write(2, b"an error\n")

    child, said = run(tell, FORKED="yes")

    assert child.wait(60) == 0
    assert said == "[True, 'yes', b'']\nan error\n"
    assert "FORKED" not in os.environ


def test_it_has_no_open_files_of_the_supervisor(tmp_path: Path) -> None:
    """A lock goes with the last process that has its file."""
    with (tmp_path / "lock").open("w") as lock:

        def look() -> None:
            with suppress(OSError):
                os.fstat(lock.fileno())
                write("open")

        assert run(look)[1] == ""


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (lambda: None, 0),
        (sys.exit, 0),
        (lambda: sys.exit(3), 3),
        (lambda: sys.exit("a sentence"), 1),
        (lambda: 1 / 0, 1),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), -signal.SIGTERM),
    ],
)
def test_its_end_is_known_as_that_of_a_program(work: Callable[[], object], code: int) -> None:
    kept = signal.signal(signal.SIGTERM, lambda *_: None)  # as the supervisor, which handles it
    try:
        child, _said = run(work)
        assert child.wait(60) == code
        assert child.poll() == child.returncode == code
    finally:
        signal.signal(signal.SIGTERM, kept)


def test_waiting_ends_after_its_time_and_polling_does_not_wait() -> None:
    child, output = fork(signal.pause, {}, prepare=lambda: None)
    try:
        assert child.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.2)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        output.close()
    assert wait_for(child.poll) == -signal.SIGKILL
    assert child.wait() == -signal.SIGKILL
