"""The disposable PostgreSQL and Redis of a test run, and databases cloned from one migrated template.

Each test process has its own servers, which start on first use. The migrated template is cached between runs
under .data/test-cache, by a digest of everything that shapes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import redis
from django.conf import settings
from psycopg import sql
from redis.asyncio.connection import UnixDomainSocketConnection as AsyncUnixDomainSocketConnection
from redis.connection import UnixDomainSocketConnection

from config.roles import (
    add_vector,
    forbid_temporary_tables,
    let_connect,
    make_database,
    make_role,
    set_up_roles,
)
from embedded.credentials import ROLES, derive_role_password
from embedded.paths import ROOT, DataPaths
from embedded.postgres import EmbeddedPostgres
from embedded.processes import get_command_line
from embedded.redis import EmbeddedRedis

TEMPLATE = "loggia_template"
TEST_ROLE = "loggia_test"
CACHE = ROOT / ".data" / "test-cache"
MAX_CACHED_TEMPLATES = 4


class TestServers:
    """PostgreSQL and Redis of one test process."""

    __test__ = False

    def __init__(self, directory: Path, secret_key: str) -> None:
        self.directory = directory
        self.secret_key = secret_key
        self.paths = DataPaths(directory)
        self.postgres = EmbeddedPostgres(self.paths, throw_away=True)
        self.redis = EmbeddedRedis(self.paths, throw_away=True)
        self.has_redis = False
        self._redis_lock = threading.RLock()
        self._flushing_clients: dict[int, Any] = {}  # connecting takes longer than flushing

    # Starting and stopping -------------------------------------------------------------------------------

    def start_redis(self) -> None:
        """Start Redis unless it was started; other threads wait until it answers."""
        with self._redis_lock:
            if not self.has_redis:
                self.has_redis = True  # first, because start() connects as well
                self.redis.start()

    def start_redis_on_first_use(self) -> None:
        """Start Redis when a client first connects to its socket: most unit tests need none."""
        for kind in (UnixDomainSocketConnection, AsyncUnixDomainSocketConnection):
            self._start_before_connecting(kind)

    def _start_before_connecting(self, kind: Any) -> None:
        connect = kind._connect

        def start_and_connect(connection: Any) -> Any:
            if connection.path == str(self.redis.socket):
                self.start_redis()
            return connect(connection)

        kind._connect = start_and_connect

    def start_postgres(self) -> None:
        """Start PostgreSQL with the migrated template, from the cache if it is current."""
        self.paths.create()
        (self.directory / "superuser-password").write_text("throw-away")
        kept = CACHE / get_template_key()
        with hold_cache_lock():
            if kept.exists():
                os.utime(kept)
                shutil.copytree(kept, self.postgres.directory)
            else:
                self._create_template(kept)
        self.postgres.start()

    def stop(self) -> None:
        for client in self._flushing_clients.values():
            client.close()
        self.postgres.stop()
        self.redis.stop()
        shutil.rmtree(self.postgres.directory, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.paths.sockets, ignore_errors=True)

    # The template ----------------------------------------------------------------------------------------

    def _create_template(self, kept: Path) -> None:
        try:
            self.postgres.start()
            self._migrate_template()
        finally:
            self.postgres.stop()
        if kept.name == get_template_key():  # no migration changed meanwhile
            draft = kept.with_name(f"{kept.name}.{os.getpid()}")
            draft.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(self.postgres.directory, draft)
            with suppress(OSError):  # another run was faster
                draft.rename(kept)
            shutil.rmtree(draft, ignore_errors=True)
            delete_old_templates()

    def _migrate_template(self) -> None:
        passwords = {role: derive_role_password(self.secret_key, name) for role, name in ROLES.items()}
        logins: dict[str, str | None] = {**passwords, "public": None}
        with psycopg.connect(**self.postgres.superuser(), autocommit=True) as connection:
            make_role(connection, ROLES["owner"], passwords["owner"], plain=True)
            make_database(connection, TEMPLATE, owner=ROLES["owner"])
            let_connect(connection, TEMPLATE, ROLES["owner"])
        with psycopg.connect(**self.postgres.superuser(TEMPLATE)) as connection:
            add_vector(connection)
            set_up_roles(connection, roles=ROLES, passwords=logins, superuser=True)
            make_role(connection, TEST_ROLE, derive_role_password(self.secret_key, TEST_ROLE), plain=True)
            connection.execute(f"GRANT {ROLES['app']}, {ROLES['worker']} TO {TEST_ROLE}")
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0", "--skip-checks"],
            env=os.environ | self.environment(TEMPLATE, 0),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(self.postgres.directory)
            raise RuntimeError(f"The test database could not be migrated:\n{done.stdout}{done.stderr}")
        with psycopg.connect(**self.postgres.superuser(), autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def environment(self, database: str, redis_database: int) -> dict[str, str]:
        """Return the environment of a real process that uses a test database in its production role."""
        urls = {role: self.url(role, database) for role in ("owner", "app", "worker")}
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": urls["owner"],
            "DATABASE_APP_URL": urls["app"],
            "DATABASE_WORKER_URL": urls["worker"],
            "REDIS_URL": self.redis.url(redis_database),
            "CACHE_URL": self.redis.url(redis_database),
            "LOGGIA_DATABASE_ROLE": "owner" if database == TEMPLATE else "worker",
            "PYTHONUNBUFFERED": "1",
        }

    def url(self, role: str, database: str) -> str:
        name = ROLES[role]
        host = quote(str(self.paths.sockets), safe="")
        return f"postgresql://{name}:{derive_role_password(self.secret_key, name)}@{host}:5432/{database}"

    # Databases of this run -------------------------------------------------------------------------------

    def clone(self, name: str) -> None:
        """Recreate the database ``name`` from the template; connections to the old one are closed."""
        database, template = sql.Identifier(name), sql.Identifier(TEMPLATE)
        with psycopg.connect(**self.postgres.superuser(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy").format(
                    database, template, sql.Identifier(ROLES["owner"])
                )
            )
            self.restrict(connection, name)

    def restrict(self, connection: psycopg.Connection[Any], database: str) -> None:
        """Give a clone the rights on databases that set-up gives: PostgreSQL does not copy them."""
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        let_connect(connection, database, ROLES["owner"], ROLES["app"], ROLES["worker"], TEST_ROLE)
        forbid_temporary_tables(connection, database, *(ROLES[role] for role in ("app", "worker", "public")))

    def empty_redis(self, database: int) -> None:
        """Delete every key except the queues' bindings, which a running worker declares only once."""
        if not self.has_redis:
            return
        if database not in self._flushing_clients:
            self._flushing_clients[database] = redis.Redis.from_url(self.redis.url(database))
        client = self._flushing_clients[database]
        keys = [key for key in client.keys("*") if not key.startswith(b"_kombu.binding.")]
        if keys:
            client.delete(*keys)


def get_template_key() -> str:
    """Return a digest of what shapes the template: migrations, what they call, roles, dependencies."""
    files = [
        *ROOT.glob("*/migrations/*.py"),
        ROOT / "core" / "migration_operations.py",
        ROOT / "config" / "migration_state.py",
        ROOT / "config" / "roles.py",
        ROOT / "embedded" / "postgres.py",
        ROOT / "embedded" / "credentials.py",
        ROOT / "requirements.lock",
        Path(__file__),
    ]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


@contextmanager
def hold_cache_lock() -> Iterator[None]:
    """Let one process of all runs create the template while the others wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def delete_old_templates() -> None:
    kept = sorted(
        (path for path in CACHE.iterdir() if path.is_dir()),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for old in kept[MAX_CACHED_TEMPLATES:]:
        if time.time() - old.stat().st_mtime > 600:  # a run may be copying a newer one
            shutil.rmtree(old, ignore_errors=True)


def stop_abandoned_runs(beside: Path) -> None:
    """Stop the servers and delete the directories of runs whose main process was killed."""
    for directory in beside.parent.glob("loggia-test-*"):
        pid = directory.name.rpartition("-")[2]
        if pid.isdigit() and directory.stat().st_uid == os.getuid() and not get_command_line(int(pid)):
            stop_run(directory)


def stop_run(directory: Path) -> None:
    """Stop the servers of every process of a run and delete its directory."""
    for part in directory.iterdir() if directory.exists() else ():
        if part.is_dir():
            TestServers(part, "").stop()
    shutil.rmtree(directory, ignore_errors=True)


servers = TestServers(settings.RUN_DIR, settings.SECRET_KEY)
