"""An embedded PostgreSQL 18 with pgvector: initialise, start, find again, stop."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from config.servers import unprivileged
from config.servers.credentials import SUPERUSER, kept_secret
from config.servers.places import Places, postgres_programs
from config.servers.problems import ServerProblem
from config.servers.processes import is_ours, last_lines, let_go, stop_process, tell_of_disk, wait_until

PORT = 5432  # only a part of the socket's name: no network port is opened
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "wal_compression": "on",
    "password_encryption": "scram-sha-256",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "dynamic_shared_memory_type": "mmap",  # in the run directory, so that nothing is left in /dev/shm
}


class EmbeddedPostgres:
    """The server of one data directory. ``throw_away`` trades durability for speed (tests)."""

    def __init__(self, places: Places, *, throw_away: bool = False) -> None:
        self.places = places
        self.throw_away = throw_away
        self.log = places.logs / "postgres.log"
        self.account = None
        if os.getuid() == 0 and not unprivileged.namespaces_work():
            self.account = unprivileged.account()

    # Where things are ------------------------------------------------------------------------------------

    @property
    def _enterable(self) -> bool:
        return self.account is None or (
            unprivileged.can_enter(self.places.data, self.account)
            and unprivileged.can_enter(postgres_programs(), self.account)
        )

    @property
    def base(self) -> Path:
        """The data's place: ours, or outside when the account cannot enter ours."""
        if self._enterable:
            return self.places.data
        mark = hashlib.sha256(os.fsencode(self.places.data)).hexdigest()[:12]
        return unprivileged.OUTSIDE / mark

    @property
    def directory(self) -> Path:
        return self.base / "postgres"

    @property
    def programs(self) -> Path:
        if self._enterable:
            return postgres_programs()
        return unprivileged.copied_programs(postgres_programs(), unprivileged.OUTSIDE / "postgresql-18")

    def superuser(self, database: str = "postgres") -> dict[str, Any]:
        """Connection arguments of the superuser; only the set-up of roles uses it."""
        password = kept_secret(self.places.data / "superuser-password")
        return {
            "host": str(self.places.sockets),
            "port": PORT,
            "user": SUPERUSER,
            "password": password,
            "dbname": database,
        }

    # Running programs ------------------------------------------------------------------------------------

    def _command(self, program: str, *arguments: str) -> list[str]:
        command = [str(self.programs / program), *arguments]
        return unprivileged.namespace_prefix() + command if self._in_namespace else command

    @property
    def _in_namespace(self) -> bool:
        return os.getuid() == 0 and self.account is None

    def _options(self) -> dict[str, Any]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C"}
        options: dict[str, Any] = {"env": environment, "stdin": subprocess.DEVNULL, "cwd": "/"}
        if self.account:
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return options

    def _hand_over(self) -> None:
        """Let the account that runs the server own the data and reach the sockets."""
        uid, gid = (self.account.pw_uid, self.account.pw_gid) if self.account else (os.getuid(), os.getgid())
        if os.getuid() != 0:
            return
        if not self._enterable:
            if not self.base.exists():
                print(
                    f"We are root in a place that other users cannot enter: the database is in {self.base}."
                )
            self.base.mkdir(parents=True, exist_ok=True)
            for directory in (unprivileged.OUTSIDE, self.base):
                directory.chmod(0o755)
        unprivileged.give_away(self.directory, uid, gid)
        if self.account:
            os.chown(self.places.sockets, 0, gid)
            self.places.sockets.chmod(0o730)  # the account may make its socket there

    # Life ------------------------------------------------------------------------------------------------

    def initialise(self) -> None:
        """Make the cluster when there is none. A half-made one (killed in the act) is made again."""
        if (self.directory / "PG_VERSION").exists():
            return
        draft = self.directory.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        password = self.places.sockets / "initial-password"
        password.write_text(self.superuser()["password"])
        if self.account:
            unprivileged.give_away(draft, self.account.pw_uid, self.account.pw_gid)
            os.chown(password, self.account.pw_uid, self.account.pw_gid)
        try:
            done = subprocess.run(
                self._command(
                    "initdb", "-D", str(draft), "-U", SUPERUSER, f"--pwfile={password}",
                    "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
                    "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync",
                    "--no-instructions", *(["--wal-segsize=1"] if self.throw_away else []),
                ),
                capture_output=True, text=True, check=False, **self._options(),
            )  # fmt: skip
        finally:
            password.unlink(missing_ok=True)
        if done.returncode:
            output = (done.stderr or done.stdout).strip()
            raise ServerProblem(f"The database could not be created.{tell_of_disk(output)}\n{output}")
        draft.rename(self.directory)

    def pid(self) -> int | None:
        """The process of a running server, also one that an earlier, killed session left behind."""
        try:
            pid = int((self.directory / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if is_ours(pid, "postgres", str(self.directory)) else None

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(**self.superuser(), connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    def command(self) -> list[str]:
        settings: Mapping[str, str] = SETTINGS | (THROW_AWAY if self.throw_away else {})
        arguments = ["-D", str(self.directory), "-k", str(self.places.sockets), "-p", str(PORT)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        return self._command("postgres", *arguments)

    def start(self) -> None:
        """Start the server in the background unless it runs; returns when it answers."""
        self.places.make()
        if self.pid() and wait_until(self.is_ready, 30):
            return
        self._hand_over()
        self.initialise()
        for left_by_a_kill in (
            self.directory / "postmaster.pid",
            self.places.sockets / f".s.PGSQL.{PORT}.lock",
        ):
            left_by_a_kill.unlink(missing_ok=True)
        with self.log.open("w") as log:
            process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, start_new_session=True, **self._options()
            )
        wait_until(lambda: process.poll() is not None or self.is_ready(), 60)
        if process.poll() is not None or not self.is_ready():
            output = last_lines(self.log)
            raise ServerProblem(f"The embedded PostgreSQL did not start.{tell_of_disk(output)}\n{output}")
        let_go(process)

    def stop(self) -> None:
        if pid := self.pid():
            by = signal.SIGQUIT if self.throw_away else signal.SIGINT  # at once, or with a checkpoint
            stop_process(pid, by=by, seconds=20, marks=("postgres",))
        self.places.tidy()
