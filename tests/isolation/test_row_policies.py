"""Every table, command and kind of person as raw SQL, against a table of what is expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from core.scope import system_scope
from tests.isolation.databases import BUILT, use_database
from tests.isolation.policies import remaining
from tests.isolation.policies.expected import EXPECTED, OPEN, Line
from tests.isolation.policies.tries import (
    COMMANDS,
    KINDS,
    Target,
    build_scopes,
    find_target,
    open_as,
    try_commands,
)
from tests.isolation.world import World, build_absent_id
from tests.support.servers import servers

DATABASE = "loggia_row_policies"
LINES = [
    pytest.param(table, line, id=f"{table}-{line.label}" if line.label else table)
    for table, lines in EXPECTED.items()
    for line in lines
]


@pytest.fixture(scope="module")
def everything(built_world: tuple[str, World], django_db_blocker: Any) -> World:
    """The world in a database of its own, with rows in the tables that it leaves empty."""
    world = built_world[1]
    with psycopg.connect(**servers.postgres.superuser(), autocommit=True) as superuser:
        superuser.execute(f'DROP DATABASE IF EXISTS "{DATABASE}"')
        superuser.execute(f'CREATE DATABASE "{DATABASE}" TEMPLATE "{BUILT}" STRATEGY file_copy')
        servers.restrict(superuser, DATABASE)
    with django_db_blocker.unblock(), use_database(DATABASE), system_scope("tests"):
        remaining.build(world)
    return world


@pytest.fixture
def seeing_all() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**servers.postgres.superuser(DATABASE)) as raw:
        yield raw


def find_row(raw: psycopg.Connection[Any], world: World, table: str, line: Line) -> Target:
    target = find_target(raw, table, line.where.format(**get_places(world)))
    assert target is not None, f"no row of {table}: add one in policies/remaining.py"
    return target


def get_places(world: World) -> dict[str, Any]:
    owner = world.people["owner"]
    return world.ids | {
        "owner": owner.pk,
        "moderator": world.people["moderator"].pk,
        "home": owner.personal_workspace.pk,
        "alpha": world.alpha.pk,
        "private": world.gpts["private"].pk,
        "alpha_gpt": world.gpts["alpha"].pk,
        "listed": world.gpts["listed"].pk,
    }


def test_every_table_has_an_expectation_or_a_reason(
    everything: World, seeing_all: psycopg.Connection[Any]
) -> None:
    """A new table fails here until somebody has decided who may do what with it."""
    rows = seeing_all.execute(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    ).fetchall()
    assert {name for name, is_closed in rows if is_closed} ^ EXPECTED.keys() == set()
    assert {name for name, is_closed in rows if not is_closed} ^ OPEN.keys() == set()


@pytest.mark.parametrize(("table", "line"), LINES)
def test_a_row_is_open_to_whom_it_should(
    table: str, line: Line, everything: World, seeing_all: psycopg.Connection[Any]
) -> None:
    target = find_row(seeing_all, everything, table, line)
    found = dict.fromkeys(COMMANDS, "")
    for kind, scope in build_scopes(everything).items():
        with open_as(kind, scope, DATABASE) as raw:
            for command in try_commands(raw, target):
                found[command] += kind
    assert found == {command: getattr(line, command) for command in COMMANDS}, KINDS


MOVES = {"workspace_id": "beta", "user_id": "rival", "owner_id": "rival", "payee_id": "rival"}


@pytest.mark.parametrize(("table", "line"), [p for p in LINES if "o" in p.values[1].change])
def test_a_row_cannot_be_moved_to_somebody_else(
    table: str, line: Line, everything: World, seeing_all: psycopg.Connection[Any]
) -> None:
    """Neither by its owner nor by an admin, who may both change it where it is."""
    target = find_row(seeing_all, everything, table, line)
    places = {"beta": everything.beta.pk, "rival": everything.people["rival"].pk}
    columns = [column for column in MOVES if column in target.values]
    scopes = build_scopes(everything)
    for column in columns:
        for kind in "oa":
            with open_as(kind, scopes[kind], DATABASE) as raw:
                statement = sql.SQL("UPDATE {table} SET {column} = %s WHERE {key} = %s").format(
                    table=sql.Identifier(table),
                    column=sql.Identifier(column),
                    key=sql.Identifier(target.key),
                )
                values = [places[MOVES[column]], target.values[target.key]]
                try:
                    moved = raw.execute(statement, values).rowcount
                except (psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation):
                    moved = 0
            assert moved == 0, (column, KINDS[kind])


# Foreign keys as an oracle ---------------------------------------------------------------------------------


def list_references(raw: psycopg.Connection[Any], table: str) -> list[tuple[str, str, str]]:
    """Return (column, table it points to, key there) of the foreign keys of ``table``."""
    return raw.execute(
        "SELECT a.attname, k.confrelid::regclass::text, b.attname FROM pg_constraint k"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]"
        " WHERE k.contype = 'f' AND k.conrelid = %s::regclass ORDER BY 1",
        [table],
    ).fetchall()


def insert_pointing(raw: psycopg.Connection[Any], target: Target, column: str, value: Any) -> str:
    """Insert a copy of the row that points to ``value``; return the error's code and text, empty for none."""
    statement = sql.SQL("INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s)").format(
        table=sql.Identifier(target.table)
    )
    try:
        with raw.transaction(force_rollback=True):
            raw.execute(statement, [Jsonb(target.values | {column: value})])
            raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.errors.Error as error:
        return f"{error.sqlstate} {error.diag.message_primary}"
    return ""


@pytest.mark.parametrize(("table", "line"), [p for p in LINES if set("oam") & set(p.values[1].add)])
def test_a_foreign_id_is_refused_like_one_that_does_not_exist(
    table: str, line: Line, everything: World, seeing_all: psycopg.Connection[Any]
) -> None:
    """Else the difference of two errors says which ids other tenants have."""
    target = find_row(seeing_all, everything, table, line)
    scopes = build_scopes(everything)
    kind = next(kind for kind in "oam" if kind in line.add)
    for column, parent, key in list_references(seeing_all, table):
        if parent in OPEN or column == target.key:
            continue
        with open_as(kind, scopes[kind], DATABASE) as raw:
            seen = sql.SQL("SELECT {key} FROM {parent}").format(
                key=sql.Identifier(key),
                parent=sql.SQL(parent),
            )
            visible = {value for (value,) in raw.execute(seen)}
            hidden = [value for (value,) in seeing_all.execute(seen) if value not in visible]
            if not hidden:
                continue
            absent = build_absent_id(UUID if isinstance(hidden[0], UUID) else int)
            answers = {
                insert_pointing(raw, target, column, str(value) if isinstance(value, UUID) else value)
                for value in (hidden[0], absent)
            }
        assert len(answers) == 1 and answers.pop().startswith("42501"), (column, parent)
