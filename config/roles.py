"""The database roles: owner of the tables, web service, worker, and reader of the public store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

TIMEOUTS = {"app": "30s", "worker": "30min"}
# Attributes that no role may have; all are listed, so that roles created by hand are corrected too.
ATTRIBUTES = sql.SQL("NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")


def make_role(connection: psycopg.Connection[Any], name: str, password: str | None, *, plain: bool) -> None:
    """Create or correct the role ``name``; without a password nobody can log in as it.

    ``plain`` states all attributes, which takes a superuser; others rely on what CREATE ROLE leaves out.
    """
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER ROLE {}" if found else "CREATE ROLE {}").format(sql.Identifier(name))
    login = sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("NOLOGIN")
    connection.execute(sql.SQL(" ").join([verb, login, ATTRIBUTES if plain else sql.SQL("")]))


def set_up_roles(
    connection: psycopg.Connection[Any],
    *,
    roles: Mapping[str, str],
    passwords: Mapping[str, str | None],
    superuser: bool,
) -> None:
    """Create every role of ``passwords`` and grant its rights; safe to repeat.

    ``connection`` is to Loggia's database, as a superuser or as the owner with CREATEROLE. Tables and
    sequences that the owner creates later can be used by app and worker, which own nothing.
    """
    for role, password in passwords.items():
        make_role(connection, roles[role], password, plain=superuser)
    if superuser:
        owner = sql.Identifier(roles["owner"])
        connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))
    for role, seconds in TIMEOUTS.items():
        if role in passwords:
            name = sql.Identifier(roles[role])
            connection.execute(sql.SQL("ALTER ROLE {} SET statement_timeout = {}").format(name, seconds))
            connection.execute(
                sql.SQL("ALTER ROLE {} SET idle_in_transaction_session_timeout = '5min'").format(name)
            )
    _grant(connection, roles)


def _grant(connection: psycopg.Connection[Any], roles: Mapping[str, str]) -> None:
    names = {role: sql.Identifier(name) for role, name in roles.items()}
    for statement in (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}, {worker}, {public}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}, {worker}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
        " GRANT USAGE, SELECT ON SEQUENCES TO {app}, {worker}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
    # They can SET ROLE to the public reader, but do not inherit its rights and policies.
    for role in ("app", "worker"):
        may = connection.execute(
            "SELECT pg_has_role(%s, %s, 'SET')", [roles[role], roles["public"]]
        ).fetchone()
        if not may or not may[0]:
            connection.execute(
                sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(names["public"], names[role])
            )


def add_vector(connection: psycopg.Connection[Any]) -> None:
    """Add pgvector to the database; raises psycopg.Error where it or the right to it is missing."""
    if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone():
        connection.execute("CREATE EXTENSION vector")


def make_database(connection: psycopg.Connection[Any], name: str, *, owner: str) -> None:
    """Create the database unless it exists; ``connection`` is an autocommitting superuser's."""
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
        )
    # Only roles that get CONNECT later may connect.
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def let_connect(connection: psycopg.Connection[Any], database: str, *roles: str) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, roles))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), names))


def forbid_temporary_tables(connection: psycopg.Connection[Any], database: str, *roles: str) -> list[str]:
    """Take the right to temporary tables from everybody and from ``roles``; return those that still have it.

    A temporary table can stand before a real one of the same name, also inside triggers. Only the owner of
    the database and superusers can take the right away.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, roles))
    try:
        connection.execute(
            sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC, {}").format(sql.Identifier(database), names)
        )
    except psycopg.errors.InsufficientPrivilege:
        if not connection.autocommit:
            raise
    return [
        role
        for (role,) in connection.execute(
            "SELECT role FROM unnest(%s::text[]) AS role WHERE has_database_privilege(role, %s, 'TEMPORARY')",
            [list(roles), database],
        )
    ]
