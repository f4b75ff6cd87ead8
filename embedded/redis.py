"""The two embedded Redis-compatible servers (Valkey): start one, find a running one, stop it."""

from __future__ import annotations

import signal
import subprocess
from typing import ClassVar

import redis

from embedded.errors import StartupError
from embedded.paths import DataPaths, get_redis_program
from embedded.processes import (
    detach_process,
    get_disk_full_hint,
    is_process_running,
    last_lines,
    stop_process,
    wait_until,
)

# Found in the command line of valkey-server, and of the redis-server that Loggia 0.1.0 may have left running.
MARKS = ("-server",)


class EmbeddedRedis:
    """The server of queue and turn streams of one data directory, on a unix socket.

    It never evicts, because jobs would be lost: at its limit writing fails. ``throw_away`` writes nothing to
    disk (tests).
    """

    name: ClassVar[str] = "redis"
    limits: ClassVar[tuple[str, ...]] = ("--maxmemory", "512mb", "--maxmemory-policy", "noeviction")
    is_durable: ClassVar[bool] = True

    def __init__(self, paths: DataPaths, *, throw_away: bool = False) -> None:
        self.paths = paths
        self.throw_away = throw_away
        self.socket = paths.sockets / f"{self.name}.sock"
        self.log = paths.logs / f"{self.name}.log"
        self._pid_file = paths.redis / f"{self.name}.pid"

    def url(self, database: int = 0) -> str:
        return f"unix://{self.socket}?db={database}"

    @staticmethod
    def broker_url(url: str) -> str:
        """Convert the URL to Celery's form for unix sockets."""
        if not url.startswith("unix://"):
            return url
        path, _, query = url.removeprefix("unix://").partition("?")
        return f"redis+socket://{path}?virtual_host={query.removeprefix('db=') or 0}"

    def pid(self) -> int | None:
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if is_process_running(pid, *MARKS, self.socket.name) else None

    def is_ready(self) -> bool:
        client = redis.Redis.from_url(self.url(), socket_timeout=5)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def command(self) -> list[str]:
        durable = "yes" if self.is_durable and not self.throw_away else "no"
        return [
            str(get_redis_program()), "--port", "0",
            "--unixsocket", str(self.socket), "--unixsocketperm", "600",
            "--dir", str(self.paths.redis), "--pidfile", str(self._pid_file), "--daemonize", "no",
            "--save", "", "--appendonly", durable, "--databases", "64", *self.limits,
        ]  # fmt: skip

    def start(self) -> None:
        """Start the server in the background unless it runs; returns when it answers."""
        self.paths.create()
        if self.is_ready():
            return
        with self.log.open("w") as log:
            process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self._pid_file.write_text(str(process.pid))
        wait_until(lambda: process.poll() is not None or self.is_ready(), 20)
        if process.poll() is not None or not self.is_ready():
            output = last_lines(self.log)
            raise StartupError(
                f"The embedded Redis ({self.name}) did not start.{get_disk_full_hint(output)}\n{output}"
            )
        detach_process(process)

    def stop(self) -> None:
        if pid := self.pid():
            stop_process(pid, by=signal.SIGTERM, seconds=10, marks=MARKS)
        self.paths.remove_socket_directory()


class EmbeddedCache(EmbeddedRedis):
    """The server of the cache: at its limit the least recently used entries make room; nothing is kept."""

    name: ClassVar[str] = "cache"
    limits: ClassVar[tuple[str, ...]] = ("--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru")
    is_durable: ClassVar[bool] = False
