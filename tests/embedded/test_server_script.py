"""script/server end to end: start, stop, failure of each process, restart, refusals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.paths import ROOT, DataPaths
from embedded.postgres import EmbeddedPostgres
from embedded.processes import wait_until
from embedded.redis import EmbeddedCache, EmbeddedRedis
from embedded.start import WORKERS
from embedded.supervisor import end_leftovers, is_group_alive
from tests.support.ports import find_free_port

pytestmark = pytest.mark.slow

# The processes in the order in which they start.
PARTS = ("web", *(name for name, _queues, _options in WORKERS), "beat")


class Script:
    """One data directory in which script/server is started again and again."""

    def __init__(self, data: Path, home: Path) -> None:
        self.data = data
        self.paths = DataPaths(data)
        self.port = find_free_port()
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environment = keep | {
            "HOME": str(home),
            "PORT": str(self.port),
            "LOGGIA_DATA_DIR": str(data),
            "LOGGIA_ENV_FILE": os.devnull,
            "WEB_WORKERS": "1",
            "WORKER_CONCURRENCY": "1",
        }
        self.log = home / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(ROOT / "script" / "server"), "--no-demo", *options],
                cwd=self.log.parent,
                env=self.environment | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def start_until_ready(self) -> None:
        process = self.start()
        ready = wait_until(lambda: process.poll() is not None or "is ready" in self.output(), 600)
        assert ready, self.output()
        assert process.poll() is None, self.output()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def part(self, number: int) -> int:
        return int(json.loads((self.data / "processes.json").read_text())[number])

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        end_leftovers(self.data / "processes.json", ROOT)
        EmbeddedPostgres(self.paths).stop()
        EmbeddedRedis(self.paths).stop()
        EmbeddedCache(self.paths).stop()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a home")


@pytest.fixture
def script(home: Path) -> Iterator[Script]:
    script = Script(home / "my data", home)
    yield script
    script.end()


def read_server_pids(script: Script) -> dict[str, int | None]:
    return {
        "postgres": EmbeddedPostgres(script.paths).pid(),
        "redis": EmbeddedRedis(script.paths).pid(),
        "cache": EmbeddedCache(script.paths).pid(),
    }


def assert_ready(script: Script) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{script.port}/readyz", timeout=10) as answer:
        assert json.load(answer) == {
            "database": True,
            "redis": True,
            "cache": True,
            "semantic_search": "available",
        }


def assert_second_start_is_refused(script: Script) -> None:
    assert script.process
    second = subprocess.run(
        [str(ROOT / "script" / "server")], env=script.environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"Loggia already runs from here (process {script.process.pid})" in second.stderr


def test_it_serves_refuses_a_second_start_survives_kill_9_and_stops_on_ctrl_c(script: Script) -> None:
    script.start_until_ready()
    assert_ready(script)
    assert_second_start_is_refused(script)
    database = EmbeddedPostgres(script.paths).pid()
    assert script.process
    script.process.kill()
    script.process.wait()

    # The next start ends what was left and keeps the database.
    script.start_until_ready()
    assert EmbeddedPostgres(script.paths).pid() == database
    assert_ready(script)
    groups = [script.part(number) for number in range(len(PARTS))]
    script.process.send_signal(signal.SIGINT)
    assert script.process.wait(90) == 0
    assert not any(is_group_alive(group) for group in groups)
    assert set(read_server_pids(script).values()) == {None}


# A server, without which the processes must still end, and a process with children of its own.
# tests/embedded/test_supervisor.py kills each of the others by turns.
@pytest.mark.parametrize("part", ["postgres", "worker"])
def test_when_one_process_is_killed_all_stop_and_it_is_named(script: Script, part: str) -> None:
    script.start_until_ready()
    groups = [script.part(number) for number in range(len(PARTS))]
    victim = (read_server_pids(script) | dict(zip(PARTS, groups, strict=True)))[part]
    assert victim and script.process
    os.kill(victim, signal.SIGKILL)
    assert script.process.wait(120) == 1
    assert re.search(
        rf"Loggia stopped because {part} (is gone|was killed by SIGKILL)\. Its last output:", script.output()
    )
    assert not any(is_group_alive(group) for group in groups)
    assert set(read_server_pids(script).values()) == {None}


def refused(script: Script, **environment: str) -> str:
    assert script.start(**environment).wait(180) == 1
    assert "Traceback" not in script.output()
    return script.output()


def test_a_port_in_use_is_refused_with_the_next_one(script: Script) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused(script, PORT=str(port))
    assert f"Port {port} is in use by another program" in said
    assert f"PORT={port + 1} script/server" in said


@pytest.mark.parametrize("port", ["0", "http", "70000"])
def test_an_invalid_port_is_refused(script: Script, port: str) -> None:
    assert f"PORT is '{port}': give a number" in refused(script, PORT=port)


def test_a_broken_database_url_is_refused(script: Script) -> None:
    said = refused(script, DATABASE_URL="mysql://somewhere/x")
    assert "DATABASE_URL is not a PostgreSQL address: write postgresql://" in said
    assert "does not lead to a database" in refused(script, DATABASE_URL="postgresql://a:b@127.0.0.1:1/x")


def test_reset_never_changes_an_external_database(script: Script) -> None:
    assert script.start("--reset", DATABASE_URL="postgresql://a:b@127.0.0.1:1/x").wait(180) == 1
    assert "--reset deletes only the embedded data" in script.output()


def stub(directory: Path, name: str, body: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{body}\n")
    (directory / name).chmod(0o755)


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("exit 1", "Loggia needs Python 3.11 or newer and found none"),
        ('case "$2" in *ensurepip*) exit 1;; esac; exit 0', "lacks the venv module"),
    ],
)
def test_a_wrong_python_is_one_sentence(tmp_path: Path, python: str, words: str) -> None:
    clone = tmp_path / "clone"
    (clone / "script").mkdir(parents=True)
    for name in ("server", "prepare.sh"):
        (clone / "script" / name).write_text((ROOT / "script" / name).read_text())
    programs = tmp_path / "programs"
    for version in ("", "3", "3.11", "3.12", "3.13", "3.14"):
        stub(programs, f"python{version}", python)
    done = subprocess.run(
        ["bash", "script/server"],
        cwd=clone,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (clone / ".venv").exists()
