"""Tries one command on one row as raw SQL, in the scope of one kind of person; nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from core.scope import Scope
from tests.isolation.world import World
from tests.support.servers import servers

COMMANDS = ("read", "add", "change", "remove")
# One letter for each kind of person; "own" is that of the row. The system is the worker's role.
KINDS = {
    "n": "nobody",
    "p": "visitor in the public role",
    "s": "member of another workspace",
    "r": "admin of another workspace",
    "c": "colleague",
    "o": "owner of the row",
    "a": "admin of its workspace",
    "m": "moderator",
    "f": "finance",
    "t": "operator",
    "w": "system, as the worker",
    "x": "system, as the web service",
}
REFUSALS = (
    psycopg.errors.InsufficientPrivilege,
    # By a trigger that nobody passes: append-only tables, states, rows that only come with their header.
    psycopg.errors.RestrictViolation,
)


@dataclass(frozen=True)
class Target:
    """A row: its table, the column of its key, and all its values as JSON."""

    table: str
    key: str
    values: dict[str, Any]


def build_scopes(world: World) -> dict[str, Scope]:
    """Return the scope of each kind; the workspaces of the rows are Alpha and the owner's personal one."""
    people = world.people
    own = (world.alpha.pk, people["owner"].personal_workspace.pk)
    other = (world.beta.pk, people["rival"].personal_workspace.pk)
    return {
        "n": Scope(),
        "p": Scope(),
        "s": Scope(user_id=people["rival_member"].pk, workspace_ids=other),
        "r": Scope(user_id=people["rival"].pk, workspace_ids=other, admin_workspace_ids=other),
        "c": Scope(user_id=people["member"].pk, workspace_ids=own),
        "o": Scope(user_id=people["owner"].pk, workspace_ids=own),
        "a": Scope(user_id=people["admin"].pk, workspace_ids=own, admin_workspace_ids=own),
        "m": Scope(user_id=people["moderator"].pk, staff=frozenset({"moderator"})),
        "f": Scope(user_id=people["finance"].pk, staff=frozenset({"finance"})),
        "t": Scope(user_id=people["operator"].pk, staff=frozenset({"operator"})),
        "w": Scope(system="tests"),
        "x": Scope(system="forged"),
    }


@contextmanager
def open_as(kind: str, scope: Scope, database: str) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection of the web service's (or the worker's) role with the settings of ``scope``."""
    with psycopg.connect(servers.url("worker" if kind == "w" else "app", database)) as raw:
        apply_scope(raw, scope)
        if kind == "p":
            raw.execute("SET LOCAL ROLE loggia_public")
        yield raw
        raw.rollback()


def apply_scope(raw: psycopg.Connection[Any], scope: Scope) -> None:
    names = ("user_id", "workspace_ids", "admin_workspace_ids", "staff", "system")
    for name, value in zip(names, scope.as_settings(), strict=True):
        raw.execute("SELECT set_config(%s, %s, true)", [f"loggia.{name}", value])


def try_commands(raw: psycopg.Connection[Any], target: Target) -> set[str]:
    """Return the commands that succeed on the row."""
    tries = {"read": read, "add": add, "change": change, "remove": remove}
    return {command for command in COMMANDS if succeeds(raw, partial(tries[command], raw, target))}


def succeeds(raw: psycopg.Connection[Any], attempt: partial[bool]) -> bool:
    """Whether the attempt is allowed; a constraint that stops it later says that the policy let it pass."""
    try:
        with raw.transaction(force_rollback=True):
            return attempt()
    except REFUSALS:
        return False
    except psycopg.errors.CheckViolation as error:
        return error.diag.constraint_name is not None  # else it is a trigger's refusal
    except psycopg.errors.IntegrityError:
        return True


def read(raw: psycopg.Connection[Any], target: Target) -> bool:
    # By the columns that the role may read: the public one has no right to others.
    query = "SELECT count({key}) FROM {table} WHERE {key} = %s"
    row = raw.execute(build(query, target), [target.values[target.key]]).fetchone()
    return row is not None and row[0] > 0


def add(raw: psycopg.Connection[Any], target: Target) -> bool:
    """Insert the row again: the policy is asked before the unique key refuses it."""
    query = "INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s)"
    return raw.execute(build(query, target), [Jsonb(target.values)]).rowcount == 1


def change(raw: psycopg.Connection[Any], target: Target) -> bool:
    query = "UPDATE {table} SET {key} = {key} WHERE {key} = %s"
    return raw.execute(build(query, target), [target.values[target.key]]).rowcount == 1


def remove(raw: psycopg.Connection[Any], target: Target) -> bool:
    query = "DELETE FROM {table} WHERE {key} = %s"
    return raw.execute(build(query, target), [target.values[target.key]]).rowcount == 1


def build(query: str, target: Target) -> sql.Composed:
    return sql.SQL(query).format(table=sql.Identifier(target.table), key=sql.Identifier(target.key))


def find_target(raw: psycopg.Connection[Any], table: str, where: str) -> Target | None:
    """Return the first row of ``table`` for which ``where`` holds; needs a connection that sees all rows."""
    keys = raw.execute(
        "SELECT a.attname FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indrelid = %s::regclass AND i.indisprimary",
        [table],
    ).fetchone()
    assert keys is not None
    query = sql.SQL("SELECT to_jsonb(t) FROM {table} t WHERE {where} ORDER BY {key} LIMIT 1").format(
        table=sql.Identifier(table),
        where=sql.SQL(where),
        key=sql.Identifier(keys[0]),
    )
    row = raw.execute(query).fetchone()
    return None if row is None else Target(table, keys[0], row[0])
