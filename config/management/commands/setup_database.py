"""setup_database: creates the roles, their rights and the vector extension, before the first migrate."""

from __future__ import annotations

from collections.abc import Set
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.migrations.loader import MigrationLoader

from config.database import connection_arguments
from config.environment import env
from config.postgres_versions import format_version, get_version_problem
from config.roles import (
    add_vector,
    forbid_temporary_tables,
    let_connect,
    make_database,
    make_role,
    set_up_roles,
)
from embedded.postgres import EmbeddedPostgres

# Migrations of Loggia 0.1.0 that later versions do not have: they were rebuilt once, before 0.2.0.
MIGRATIONS_OF_0_1_0 = {
    ("gpts", "0004_answers_branches_and_attachments"),
    ("gpts", "0021_reservations_go_with_their_budget"),
    ("marketplace", "0003_former_handles"),
    ("payouts", "0003_default_rate_card"),
    ("reviews", "0002_policies_and_protection"),
    ("workspaces", "0003_shares_and_turn_words"),
}


# Roles of running processes, which create no tables of any kind.
PROCESSES = ("app", "worker", "public")


class Command(BaseCommand):
    help = "Creates the database roles, their rights and pgvector. Safe to repeat."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="migrate afterwards, in the same process")

    def handle(self, *args: Any, **options: Any) -> None:
        if env.str("DATABASE_URL", ""):
            self.set_up_outside()
        else:
            set_up_embedded(EmbeddedPostgres(settings.DATA_PATHS))
        if options["migrate"]:
            call_command("migrate", verbosity=0, interactive=False)

    def set_up_outside(self) -> None:
        """On an external server, DATABASE_URL's user is the owner and creates the roles that no URL names."""
        urls = settings.DATABASE_URLS
        try:
            connection = psycopg.connect(**connection_arguments(urls["owner"]), autocommit=True)
        except psycopg.OperationalError as error:
            raise CommandError(
                f"DATABASE_URL does not lead to a database: {str(error).strip().splitlines()[0]}."
                " Check its host, port, user and password."
            ) from error
        with connection:
            if connection.info.server_version < 160000:
                raise CommandError(
                    "The database is older than PostgreSQL 16: upgrade it, or use another one."
                )
            if problem := get_version_problem(connection.info.server_version):
                version = format_version(connection.info.server_version)
                self.stderr.write(self.style.WARNING(f"PostgreSQL {version}: {problem}"))
            refuse_database_of_0_1_0(connection, known=set(MigrationLoader(None).disk_migrations))
            try:
                add_vector(connection)
            except psycopg.Error as error:
                raise CommandError(
                    "The extension vector is missing: install pgvector and run CREATE EXTENSION vector in the"
                    " database as its superuser, then start again."
                ) from error
            given = {"app": env.str("DATABASE_APP_URL", ""), "worker": env.str("DATABASE_WORKER_URL", "")}
            passwords: dict[str, str | None] = {r: get_password(urls[r]) for r in given if not given[r]}
            public = settings.DATABASE_ROLES["public"]
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [public]).fetchone():
                passwords["public"] = None
            try:
                set_up_roles(connection, roles=settings.DATABASE_ROLES, passwords=passwords, superuser=False)
                let_connect(connection, connection.info.dbname, *settings.DATABASE_ROLES.values())
            except psycopg.errors.InsufficientPrivilege as error:
                raise CommandError(
                    f"The user of DATABASE_URL may not set up roles ({str(error).splitlines()[0]}): as the"
                    f' superuser, run ALTER ROLE "{settings.DATABASE_ROLES["owner"]}" CREATEROLE, or make'
                    " the roles yourself as .env.example describes and set DATABASE_APP_URL and"
                    " DATABASE_WORKER_URL."
                ) from error
            self.forbid_temporary_tables(connection)

    def forbid_temporary_tables(self, connection: psycopg.Connection[Any]) -> None:
        database = connection.info.dbname
        processes = [settings.DATABASE_ROLES[role] for role in PROCESSES]
        if left := forbid_temporary_tables(connection, database, *processes):
            names = ", ".join(f'"{role}"' for role in processes)
            raise CommandError(
                f"Roles of Loggia may create temporary tables in the database ({', '.join(left)}), by which a"
                " fault could pass the rules of tables: as the superuser, run"
                f' REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC, {names}'
            )


def refuse_database_of_0_1_0(connection: psycopg.Connection[Any], *, known: Set[tuple[str, str]]) -> None:
    """Raise CommandError, before anything is written, if Loggia 0.1.0 created the tables."""
    row = connection.execute("SELECT to_regclass('django_migrations')").fetchone()
    if not row or row[0] is None:
        return
    applied = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
    if old := sorted((MIGRATIONS_OF_0_1_0 & applied) - known):
        raise CommandError(
            f"The database of DATABASE_URL was created by Loggia 0.1.0 (it has the migration {old[0][0]}."
            f"{old[0][1]}), and this version cannot use it; nothing was changed. To keep the data, export it"
            " with version 0.1.0. To start, set DATABASE_URL to an empty database."
        )


def get_password(url: str) -> str:
    return unquote(urlsplit(url).password or "")


def set_up_embedded(server: EmbeddedPostgres) -> None:
    """Set up the embedded server, as its superuser."""
    roles = settings.DATABASE_ROLES
    passwords: dict[str, str | None] = {r: get_password(u) for r, u in settings.DATABASE_URLS.items()}
    passwords["public"] = None
    name = urlsplit(settings.DATABASE_URLS["owner"]).path.strip("/")
    with psycopg.connect(**server.superuser(), autocommit=True) as connection:
        make_role(connection, roles["owner"], passwords["owner"], plain=True)
        make_database(connection, name, owner=roles["owner"])
        let_connect(connection, name, roles["owner"])
    with psycopg.connect(**server.superuser(name)) as connection:
        add_vector(connection)
        set_up_roles(connection, roles=roles, passwords=passwords, superuser=True)
        let_connect(connection, name, roles["app"], roles["worker"])
        forbid_temporary_tables(connection, name, *(roles[role] for role in PROCESSES))
