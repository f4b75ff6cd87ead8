"""Real processes for tests that go all the way: web service and Celery worker on the test's database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from config.celery import QUEUE_NAMES
from embedded.paths import ROOT
from tests.support.ports import find_free_port
from tests.support.servers import servers
from tests.support.warm_worker import ForkedProcess, fork_worker


class Service:
    """A process of ours that was started for tests; what it prints goes to ``log``."""

    process: subprocess.Popen[bytes] | ForkedProcess

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.process = self._start(command, os.environ | dict(environment))

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes] | ForkedProcess:
        with self.log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)

    def _died(self) -> RuntimeError:
        return RuntimeError(f"A service of the test run ended early:\n{self.log.read_text(errors='replace')}")


class WebService(Service):
    """The web service as in production (uvicorn, role app) on a free port; has ``url``."""

    def __init__(self, environment: Mapping[str, str], log: Path, module: str = "config.web_server") -> None:
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [module, "--port", str(self.port), "--graceful-seconds", "3"],
            {"BASE_URL": self.url, **environment, "LOGGIA_DATABASE_ROLE": "app"},
            log,
        )  # fmt: skip

    def wait_until_ready(self, seconds: float = 180) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise self._died()
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except OSError:  # refused, reset, or too slow yet
                time.sleep(0.1)
        raise RuntimeError(f"The web service does not answer:\n{self.log.read_text(errors='replace')}")


class WorkerService(Service):
    """A Celery worker (role worker, two threads) for all queues of the test's own Redis database."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(
            ["worker", "--pool", "threads", "--concurrency", "2",
             "--queues", ",".join(QUEUE_NAMES), "--loglevel", "INFO", "--without-gossip",
             "--without-mingle", "--without-heartbeat"],
            {**environment, "LOG_LEVEL": "INFO"},
            log,
        )  # fmt: skip

    def _start(self, command: Sequence[str], environment: Mapping[str, str]) -> ForkedProcess:
        return fork_worker(command, environment, self.log)

    def wait_until_ready(self, seconds: float = 180) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise self._died()
            if " ready." in self.log.read_text(errors="replace"):
                return
            time.sleep(0.1)
        raise RuntimeError(f"The worker does not start:\n{self.log.read_text(errors='replace')}")


def start_web_service(name: str, *, module: str = "config.web_server", **changes: str) -> WebService:
    """Run a separate web service on the test's database, which the test may kill or configure.

    ``module`` starts it: one that calls config.web_server with other limits.
    """
    environment = servers.environment(settings.DATABASE_NAME, settings.REDIS_DATABASE) | changes
    service = WebService(environment, servers.directory / f"{name}.log", module)
    service.wait_until_ready()
    return service


Kind = TypeVar("Kind", WebService, WorkerService)


def start_service(kind: type[Kind]) -> Kind:
    """Run a service on this test's database and Redis; it is ready when this returns."""
    servers.start_redis()
    log = servers.directory / f"{kind.__name__}-{settings.DATABASE_NAME}.log"
    service = kind(servers.environment(settings.DATABASE_NAME, settings.REDIS_DATABASE), log)
    service.wait_until_ready()
    return service
