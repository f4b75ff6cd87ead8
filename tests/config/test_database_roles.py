"""The roles of processes: none is a superuser, none passes row-level security, app and worker own nothing."""

from __future__ import annotations

import pytest
from django.db import connection

ROLES = ["loggia_app", "loggia_owner", "loggia_public", "loggia_test", "loggia_worker"]


def rows(query: str, *parameters: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


@pytest.mark.django_db
def test_no_role_bypasses_row_level_security() -> None:
    found = rows(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolcanlogin"
        " FROM pg_roles WHERE rolname LIKE 'loggia\\_%%' AND rolname <> 'loggia_superuser' ORDER BY 1"
    )
    assert found == [(role, False, False, False, False, False, role != "loggia_public") for role in ROLES]


@pytest.mark.django_db
def test_only_the_owner_role_owns_tables() -> None:
    owners = rows(
        "SELECT DISTINCT relkind::text, pg_get_userbyid(relowner) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'm') ORDER BY 1"
    )
    assert {owner for _, owner in owners} == {"loggia_owner"}
    assert ("r", "loggia_owner") in owners


@pytest.mark.django_db
def test_app_and_worker_may_set_role_public_but_do_not_inherit_it() -> None:
    found = rows(
        "SELECT name, pg_has_role(name, 'loggia_public', 'SET'), pg_has_role(name, 'loggia_public', 'USAGE')"
        " FROM unnest(ARRAY['loggia_app', 'loggia_worker', 'loggia_test']) AS name"
    )
    assert found == [
        ("loggia_app", True, False),
        ("loggia_worker", True, False),
        ("loggia_test", True, False),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["loggia_app", "loggia_worker", "loggia_public"])
def test_no_process_role_may_create_in_the_schema(role: str) -> None:
    assert rows("SELECT has_schema_privilege(%s, 'public', 'CREATE')", role) == [(False,)]


@pytest.mark.django_db
def test_tests_run_as_an_ordinary_role() -> None:
    assert rows("SELECT current_user, session_user") == [("loggia_test", "loggia_test")]
