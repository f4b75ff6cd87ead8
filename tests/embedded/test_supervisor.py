"""The supervisor of script/server with everything that it starts, each as a process that only waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from embedded import start
from embedded.processes import wait_until
from embedded.supervisor import Supervisor, is_group_alive

WAIT = [sys.executable, "-S", "-c", "import time; print('waiting', flush=True); time.sleep(60)"]
SERVERS = ("postgres", "redis", "cache")


@dataclass
class WaitingServer:
    """Stands for PostgreSQL or a Redis: a process, watched by its pid as the real one."""

    name: str
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        self.log.write_text(f"the last words of {self.name}")
        self.process = subprocess.Popen(WAIT, stdout=subprocess.DEVNULL)

    def pid(self) -> int | None:
        return self.process.pid if self.process.poll() is None else None

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class WaitingSupervisor(Supervisor):
    """Starts a process that waits in place of each command."""

    def add(self, name: str, command: Any, environment: Any) -> None:
        super().add(name, WAIT, environment)

    def fork(self, name: str, run: Any, environment: Any) -> None:
        super().fork(name, wait_as_told, environment)


def wait_as_told() -> None:
    os.write(1, b"waiting\n")
    time.sleep(60)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, WaitingServer]]:
    made = {name: WaitingServer(name, tmp_path / f"{name}.log") for name in SERVERS}
    yield made
    for server in made.values():
        server.stop()


PARTS = ("web", *(name for name, _queues, _options in start.WORKERS), "beat", *SERVERS)


@pytest.mark.parametrize("part", PARTS)
def test_when_one_ends_all_stop_and_it_is_named(
    part: str,
    tmp_path: Path,
    servers: dict[str, WaitingServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    supervisor = WaitingSupervisor(tmp_path, tmp_path / "processes.json")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.delenv("CACHE_URL", raising=False)
    for name, kind in (
        ("postgres", "EmbeddedPostgres"),
        ("redis", "EmbeddedRedis"),
        ("cache", "EmbeddedCache"),
    ):
        monkeypatch.setattr(start, kind, lambda _paths, name=name: servers[name])
    monkeypatch.setattr(start, "prepare", lambda *_, **__: None)
    monkeypatch.setattr(start, "wait_for_page", lambda *_: True)
    seen: list[int] = []

    def kill() -> None:
        assert wait_until(lambda: len(supervisor.processes) == len(PARTS) - len(SERVERS), 30)
        assert wait_until(lambda: all(process.last for process in supervisor.processes), 30)
        pids = {process.name: process.child.pid for process in supervisor.processes}
        seen.extend(pids.values())
        os.kill(servers[part].process.pid if part in servers else pids[part], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    code = start.start_everything(supervisor, None, host="127.0.0.1", port=1, demo=False)  # type: ignore[arg-type]
    killer.join()

    assert code == 1
    said = capsys.readouterr().err
    how, last = (
        ("is gone", f"the last words of {part}") if part in servers else ("was killed by SIGKILL", "waiting")
    )
    assert f"Loggia stopped because {part} {how}. Its last output:\n{last}" in said
    assert len(seen) == len(PARTS) - len(SERVERS)
    assert not any(is_group_alive(group) for group in seen)
    assert all(server.pid() is None for server in servers.values())
    assert not supervisor.record.exists()
