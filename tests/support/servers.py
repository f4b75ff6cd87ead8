"""The throw-away PostgreSQL and Redis of a test run, and the databases cloned from one migrated template.

Each process of a run that tests has servers of its own. The migrated template is kept between runs under
.data/test-cache, keyed by everything that shapes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from django.conf import settings
from psycopg import sql

from config.roles import add_vector, let_connect, make_database, make_role, set_up_roles
from embedded.credentials import ROLES, derive_role_password
from embedded.paths import ROOT, DataPaths
from embedded.postgres import EmbeddedPostgres
from embedded.processes import get_command_line
from embedded.redis import EmbeddedRedis

TEMPLATE = "loggia_template"
TEST_ROLE = "loggia_test"
CACHE = ROOT / ".data" / "test-cache"
KEPT_TEMPLATES = 4


class TestServers:
    """Both servers of one run directory."""

    __test__ = False

    def __init__(self, directory: Path, secret_key: str) -> None:
        self.directory = directory
        self.secret_key = secret_key
        self.paths = DataPaths(directory)
        self.postgres = EmbeddedPostgres(self.paths, throw_away=True)
        self.redis = EmbeddedRedis(self.paths, throw_away=True)

    # Starting and stopping -------------------------------------------------------------------------------

    def start_redis(self) -> None:
        self.paths.create()
        self.redis.start()

    def start_postgres(self) -> None:
        """Have PostgreSQL run with the migrated template, copied from an earlier run when it still fits."""
        (self.directory / "superuser-password").write_text("throw-away")
        kept = CACHE / template_key()
        with only_one_at_a_time():
            if kept.exists():
                os.utime(kept)
                shutil.copytree(kept, self.postgres.directory)
            else:
                self._make_template(kept)
        self.postgres.start()

    def stop(self) -> None:
        self.postgres.stop()
        self.redis.stop()
        shutil.rmtree(self.postgres.directory, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.paths.sockets, ignore_errors=True)

    # The template ----------------------------------------------------------------------------------------

    def _make_template(self, kept: Path) -> None:
        try:
            self.postgres.start()
            self._migrate_template()
        finally:
            self.postgres.stop()
        if kept.name == template_key():  # nobody edited a migration meanwhile
            draft = kept.with_name(f"{kept.name}.{os.getpid()}")
            draft.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(self.postgres.directory, draft)
            with suppress(OSError):  # another run was quicker
                draft.rename(kept)
            shutil.rmtree(draft, ignore_errors=True)
            forget_old_templates()

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
        """The variables with which a real process of ours works on a test database in its real role."""
        urls = {role: self.url(role, database) for role in ("owner", "app", "worker")}
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": urls["owner"],
            "DATABASE_APP_URL": urls["app"],
            "DATABASE_WORKER_URL": urls["worker"],
            "REDIS_URL": self.redis.url(redis_database),
            "LOGGIA_DATABASE_ROLE": "owner" if database == TEMPLATE else "worker",
            "PYTHONUNBUFFERED": "1",
        }

    def url(self, role: str, database: str) -> str:
        name = ROLES[role]
        host = quote(str(self.paths.sockets), safe="")
        return f"postgresql://{name}:{derive_role_password(self.secret_key, name)}@{host}:5432/{database}"

    # Databases of this run -------------------------------------------------------------------------------

    def clone(self, name: str) -> None:
        """Make the database ``name`` anew from the template, whoever is connected to the old one."""
        database, template = sql.Identifier(name), sql.Identifier(TEMPLATE)
        with psycopg.connect(**self.postgres.superuser(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy").format(
                    database, template, sql.Identifier(ROLES["owner"])
                )
            )

    def empty_redis(self, database: int) -> None:
        """Forget every key except the queues' bindings, which a running worker declares only once."""
        with redis.Redis.from_url(self.redis.url(database)) as client:
            keys = [key for key in client.keys("*") if not key.startswith(b"_kombu.binding.")]
            if keys:
                client.delete(*keys)


def template_key() -> str:
    """A digest of everything that shapes the template: migrations, what they call, roles, dependencies."""
    files = [
        *ROOT.glob("*/migrations/*.py"),
        ROOT / "core" / "migration_operations.py",
        ROOT / "config" / "roles.py",
        ROOT / "embedded" / "postgres.py",
        ROOT / "embedded" / "credentials.py",
        ROOT / "requirements.txt",
        Path(__file__),
    ]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Let the first process make the template while the others of all runs wait for it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def forget_old_templates() -> None:
    kept = sorted(
        (path for path in CACHE.iterdir() if path.is_dir()),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for old in kept[KEPT_TEMPLATES:]:
        if time.time() - old.stat().st_mtime > 600:  # a run may be copying a newer one
            shutil.rmtree(old, ignore_errors=True)


def stop_forgotten_runs(beside: Path) -> None:
    """Stop servers and remove directories of runs whose controller was killed."""
    for directory in beside.parent.glob("loggia-test-*"):
        pid = directory.name.rpartition("-")[2]
        if pid.isdigit() and directory.stat().st_uid == os.getuid() and not get_command_line(int(pid)):
            stop_run(directory)


def stop_run(directory: Path) -> None:
    """Stop the servers of every process of a run and remove its directory."""
    for part in directory.iterdir() if directory.exists() else ():
        if part.is_dir():
            TestServers(part, "").stop()
    shutil.rmtree(directory, ignore_errors=True)


servers = TestServers(settings.RUN_DIR, settings.SECRET_KEY)
