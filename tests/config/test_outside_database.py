"""setup_database on an external server, whose owner is no superuser; a database of 0.1.0 is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.core.management.base import CommandError
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from config.management.commands.setup_database import MIGRATIONS_OF_0_1_0, refuse_database_of_0_1_0
from embedded.paths import ROOT, DataPaths
from embedded.postgres import EmbeddedPostgres

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(DataPaths(tmp_path_factory.mktemp("other")), throw_away=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def other_server(running_server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """A server with an empty database and its owner, and none of our roles."""
    with psycopg.connect(**running_server.superuser(), autocommit=True) as connection:
        connection.execute("CREATE ROLE boss LOGIN CREATEROLE PASSWORD 'word'")
        connection.execute("CREATE DATABASE shop OWNER boss")
    yield running_server
    with psycopg.connect(**running_server.superuser(), autocommit=True) as connection:
        connection.execute("DROP DATABASE shop WITH (FORCE)")
        for role in list_roles(connection):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def list_roles(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the roles that neither the server nor its creation made."""
    found = connection.execute(
        "SELECT rolname FROM pg_roles WHERE NOT rolsuper AND rolname NOT LIKE 'pg\\_%'"
        " ORDER BY rolname = 'boss'"  # last, as it granted what others have
    ).fetchall()
    return [name for (name,) in found]


def as_superuser(server: EmbeddedPostgres, *statements: str) -> None:
    with psycopg.connect(**server.superuser("shop"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def set_up(server: EmbeddedPostgres, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    host = quote(str(server.paths.sockets), safe="")
    given = {"DATABASE_URL": f"postgresql://boss:word@{host}:5432/shop", "LOGGIA_DATABASE_ROLE": "owner"}
    return subprocess.run(
        [sys.executable, "manage.py", "setup_database", *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | given | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_owner_sets_up_and_migrates_twice(other_server: EmbeddedPostgres) -> None:
    as_superuser(other_server, "CREATE EXTENSION vector")
    for _ in range(2):
        done = set_up(other_server, "--migrate")
        assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(**other_server.superuser("shop")) as connection:
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin FROM pg_roles"
            " WHERE rolname LIKE 'loggia\\_%' AND rolname <> 'loggia_superuser' ORDER BY 1"
        ).fetchall()
        grants = connection.execute(
            "SELECT has_table_privilege(r, 'workspaces_user', 'SELECT') FROM unnest(ARRAY['loggia_app',"
            " 'loggia_worker', 'loggia_public']) AS r"
        ).fetchall()
        temporary = connection.execute(
            "SELECT has_database_privilege(r, 'shop', 'TEMPORARY') FROM unnest(ARRAY['loggia_app',"
            " 'loggia_worker', 'loggia_public']) AS r"
        ).fetchall()
    assert owners == [("boss",)]
    assert roles == [
        ("loggia_app", False, False, False, True),
        ("loggia_public", False, False, False, False),
        ("loggia_worker", False, False, False, True),
    ]
    assert grants == [(True,), (True,), (False,)]
    assert temporary == [(False,)] * 3


def test_a_database_whose_owner_is_somebody_else_is_refused_until_temporary_tables_are_forbidden(
    other_server: EmbeddedPostgres,
) -> None:
    as_superuser(
        other_server,
        "CREATE EXTENSION vector",
        "ALTER DATABASE shop OWNER TO loggia_superuser",
        "GRANT ALL ON DATABASE shop TO boss WITH GRANT OPTION",
        "ALTER SCHEMA public OWNER TO boss",
    )
    done = set_up(other_server)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = done.stderr[done.stderr.index("REVOKE TEMPORARY ON DATABASE") :].strip()
    as_superuser(other_server, told)
    assert set_up(other_server).returncode == 0


def test_a_database_of_version_0_1_0_is_refused_and_unchanged(other_server: EmbeddedPostgres) -> None:
    app, name = min(MIGRATIONS_OF_0_1_0)
    as_superuser(
        other_server,
        "SET ROLE boss",
        "CREATE TABLE django_migrations (id int, app text, name text)",
        f"INSERT INTO django_migrations VALUES (1, '{app}', '{name}'), (2, 'auth', '0001_initial')",
    )
    with psycopg.connect(**other_server.superuser("shop")) as connection:
        with pytest.raises(CommandError) as refusal:
            refuse_database_of_0_1_0(connection, known=set())
        refuse_database_of_0_1_0(connection, known={(app, name)})
    assert f"was created by Loggia 0.1.0 (it has the migration {app}.{name})" in str(refusal.value)
    assert "set DATABASE_URL to an empty database" in str(refusal.value)


@pytest.mark.skipif(
    min(MIGRATIONS_OF_0_1_0) in MigrationLoader(None).disk_migrations,
    reason="the migrations of 0.1.0 are still there",
)
def test_the_command_refuses_a_database_of_version_0_1_0_and_changes_nothing(
    other_server: EmbeddedPostgres,
) -> None:
    app, name = min(MIGRATIONS_OF_0_1_0)
    as_superuser(
        other_server,
        "SET ROLE boss",
        "CREATE TABLE django_migrations (id int, app text, name text)",
        f"INSERT INTO django_migrations VALUES (1, '{app}', '{name}')",
    )
    done = set_up(other_server, "--migrate")
    assert done.returncode == 1
    assert "was created by Loggia 0.1.0" in done.stderr
    assert "Traceback" not in done.stderr
    with psycopg.connect(**other_server.superuser("shop")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        roles = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'loggia\\_%' AND rolname <> 'loggia_superuser'"
        ).fetchall()
    assert (tables, roles) == ([("django_migrations",)], [])


def test_without_the_extension_it_says_what_to_run(other_server: EmbeddedPostgres) -> None:
    done = set_up(other_server)
    assert done.returncode == 1
    assert "run CREATE EXTENSION vector" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_owner_without_createrole_is_told_both_ways_out(other_server: EmbeddedPostgres) -> None:
    as_superuser(other_server, "CREATE EXTENSION vector", "ALTER ROLE boss NOCREATEROLE")
    done = set_up(other_server)
    assert done.returncode == 1
    assert 'ALTER ROLE "boss" CREATEROLE' in done.stderr
    assert "DATABASE_APP_URL and DATABASE_WORKER_URL" in done.stderr


def test_roles_made_by_hand_are_used_as_they_are(other_server: EmbeddedPostgres) -> None:
    as_superuser(
        other_server,
        "CREATE EXTENSION vector",
        "ALTER ROLE boss NOCREATEROLE",
        "CREATE ROLE loggia_public NOLOGIN",
        "CREATE ROLE web LOGIN PASSWORD 'w'",
        "CREATE ROLE jobs LOGIN PASSWORD 'j'",
        "GRANT loggia_public TO web, jobs WITH INHERIT FALSE, SET TRUE",
    )
    host = quote(str(other_server.paths.sockets), safe="")
    done = set_up(
        other_server,
        DATABASE_APP_URL=f"postgresql://web:w@{host}:5432/shop",
        DATABASE_WORKER_URL=f"postgresql://jobs:j@{host}:5432/shop",
    )
    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(**other_server.superuser("shop")) as connection:
        connection.execute("SET ROLE boss")
        connection.execute("CREATE TABLE t (id int)")
        row = connection.execute(
            "SELECT has_table_privilege('web', 't', 'INSERT'), has_table_privilege('jobs', 't', 'DELETE'),"
            " to_regrole('loggia_app')"
        ).fetchone()
    assert row == (True, True, None)
