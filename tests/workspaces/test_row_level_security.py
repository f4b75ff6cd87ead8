"""Row-level security, tried with raw connections as the roles of web and worker."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection

from core.scope import NOBODY, Scope, open_scope
from tests.isolation.policies.expected import EXPECTED
from tests.support.exempt_tables import DEFINERS, EXEMPT
from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from tests.support.servers import servers
from tests.support.times import AT
from workspaces.models import Notification
from workspaces.services.notifications import notify

pytestmark = pytest.mark.django_db(transaction=True)

TENANT_COLUMNS = ("workspace_id", "user_id", "owner_id", "payee_id", "conversation_id")


# Public by nature; tests/isolation/policies/expected.py says what else nobody may do with them.
OPEN_TO_NOBODY = {table for table, lines in EXPECTED.items() if any("n" in line.read for line in lines)}


def connect(role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(servers.url(role, settings.DATABASE_NAME), autocommit=True)


@pytest.fixture(params=["app", "worker"])
def raw(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    with connect(request.param) as connection:
        yield connection


def protected_tables(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relrowsecurity ORDER BY 1"
    )
    return [name for (name,) in rows]


def test_without_a_scope_no_row_is_visible(raw: psycopg.Connection[Any]) -> None:
    """A table with rows answers with an error, never with an empty result that reads as "there are none"."""
    ada = UserFactory.create()
    notify(user=ada, kind="x", title="private", at=AT)
    tables = protected_tables(raw)
    assert {"workspaces_notification", "core_auditevent"} <= set(tables)
    refused = set()
    for table in set(tables) - OPEN_TO_NOBODY:
        try:
            (count,) = raw.execute(f'SELECT count(*) FROM "{table}"').fetchone() or (None,)
        except psycopg.errors.InsufficientPrivilege as error:
            if "no row-level scope is open" in str(error):
                refused.add(table)
            continue
        assert count == 0, table
    assert {"workspaces_notification", "core_auditevent"} <= refused
    for change in ("DELETE FROM workspaces_notification", "UPDATE workspaces_notification SET title = ''"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no row-level scope"):
            raw.execute(change)
    with connect("owner") as owner:
        assert owner.execute("SELECT count(*) FROM workspaces_notification").fetchone() == (0,)  # forced


def test_every_tenant_table_has_a_policy_or_an_exemption() -> None:
    """A new table with a tenant column but no policy fails here."""
    with connect("owner") as owner:
        rows = owner.execute(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
                   EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL),
                   NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
                     AND p.polcmd IN ('*', 'a', 'w') AND p.polwithcheck IS NULL)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                          AND NOT a.attisdropped AND a.attname = ANY(%s))
            ORDER BY 1
            """,
            [list(TENANT_COLUMNS)],
        ).fetchall()
    assert len(rows) > 10
    open_tables = {name for name, forced, reads, writes in rows if not (forced and reads and writes)}
    assert open_tables - set(EXEMPT) == set(), "a policy is missing"
    assert set(EXEMPT) - open_tables == set(), "an exemption that is no longer needed"


def test_partitions_cannot_be_read_directly(raw: psycopg.Connection[Any]) -> None:
    """PostgreSQL does not apply the policy of a partitioned table to queries of a partition."""
    partitions = raw.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid"
        " JOIN pg_class parent ON parent.oid = i.inhparent"
        " WHERE c.relispartition AND c.relkind = 'r' AND parent.relrowsecurity"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        " AND has_table_privilege(c.oid, 'SELECT')"
    ).fetchall()
    assert partitions == []


def test_roles_cannot_change_policies(raw: psycopg.Connection[Any]) -> None:
    attributes = raw.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert attributes == (False, False, False, False)
    owned = raw.execute(
        "SELECT relname FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE r.rolname = current_user"
    ).fetchall()
    assert owned == []
    reachable = raw.execute(
        "SELECT rolname FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')"
        " AND (rolsuper OR rolbypassrls OR rolname = %s)",
        [settings.DATABASE_ROLES["owner"]],
    ).fetchall()
    assert reachable == []
    for statement in (
        "ALTER TABLE workspaces_notification DISABLE ROW LEVEL SECURITY",
        "DROP POLICY workspaces_notification_select ON workspaces_notification",
        f'SET ROLE "{settings.DATABASE_ROLES["owner"]}"',
        "TRUNCATE core_auditevent",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(statement)


def test_the_web_role_cannot_use_a_system_scope() -> None:
    ada = UserFactory.create()
    notify(user=ada, kind="x", title="private", at=AT)
    with connect("app") as app:
        app.execute("SELECT set_config('loggia.system', 'forged', false)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="system scope"):
            app.execute("SELECT count(*) FROM workspaces_notification")
    with connect("worker") as worker:
        worker.execute("SELECT set_config('loggia.system', 'tests', false)")
        assert worker.execute("SELECT count(*) FROM workspaces_notification").fetchone() == (1,)


def test_the_scope_ends_with_its_transaction() -> None:
    """Settings are transaction-local, so that pooled connections do not keep them."""
    ada = UserFactory.create()
    with open_scope(Scope(user_id=ada.pk)), connection.cursor() as cursor:
        cursor.execute("SELECT loggia_user_id(), pg_backend_pid()")
        seen, pid = cursor.fetchone()
    with connection.cursor() as cursor:
        cursor.execute("SELECT loggia_user_id(), pg_backend_pid()")
        assert cursor.fetchone() == (None, pid)
    assert seen == ada.pk


def test_nothing_but_core_scope_writes_the_settings() -> None:
    """No other module names one of our settings, and none sets one for a session."""
    root = Path(settings.BASE_DIR)
    apps = ("config", "core", "workspaces", "gpts", "marketplace", "reviews", "payouts")
    offenders = [
        str(path.relative_to(root))
        for app in apps
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts
        and path != root / "core" / "scope.py"
        and any(
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "set_config('loggia." in node.value
            for node in ast.walk(ast.parse(path.read_text()))
        )
    ]
    assert offenders == []
    source = (root / "core" / "scope.py").read_text()
    assert source.count("set_config(") == source.count(", true)") >= 5


@pytest.mark.parametrize("way", ["error", "broken query"])
def test_a_failed_request_leaves_no_scope_behind(way: str) -> None:
    ada = UserFactory.create()

    def fail() -> None:
        with open_scope(Scope(user_id=ada.pk)), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0" if way == "broken query" else "SELECT 1")
            raise RuntimeError

    with pytest.raises((RuntimeError, DatabaseError)):
        fail()
    with connection.cursor() as cursor:
        cursor.execute("SELECT loggia_user_id()")
        assert cursor.fetchone() == (None,)


def test_rows_cannot_be_written_into_or_moved_to_somebody_else() -> None:
    """Tried with notifications and the audit log."""
    ada, bob = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Bob")
    note = notify(user=ada, kind="x", title="mine", at=AT)
    team = WorkspaceFactory.create(owner=bob)
    with connect("app") as app, app.transaction(force_rollback=True):
        app.execute(f"SELECT set_config('loggia.user_id', '{ada.pk}', true)")
        assert app.execute("SELECT count(*) FROM workspaces_notification").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute(
                "INSERT INTO core_auditevent (chain, sequence, at, action, actor_id, actor_label,"
                " is_automated, workspace_id, subject_type, subject_id, reason, data, previous_hash, hash)"
                " VALUES ('platform', 0, now(), 'x', %s, '', false, %s, '', '', '', '{}', '', '')",
                [bob.pk, team.pk],
            )
    with connect("app") as app, app.transaction(force_rollback=True):
        app.execute(f"SELECT set_config('loggia.user_id', '{bob.pk}', true)")
        changed = app.execute("UPDATE workspaces_notification SET user_id = %s", [bob.pk]).rowcount
        deleted = app.execute("DELETE FROM workspaces_notification").rowcount
        assert (changed, deleted) == (0, 0)
    assert Notification.objects.get().pk == note.pk


def test_an_empty_scope_cannot_write_a_notification() -> None:
    ada = UserFactory.create()
    with connect("app") as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO workspaces_notification (id, user_id, kind, title, body, url, created_at)"
            " VALUES (gen_random_uuid(), %s, 'x', 'x', '', '', now())",
            [ada.pk],
        )
    with pytest.raises(DatabaseError), open_scope(NOBODY):
        Notification.objects.create(user=ada, kind="x", title="x", created_at=AT)


def test_row_security_cannot_be_switched_off(raw: psycopg.Connection[Any]) -> None:
    raw.execute("SET row_security = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute("SELECT count(*) FROM workspaces_notification")


def test_functions_that_run_as_the_owner_are_listed() -> None:
    """A new SECURITY DEFINER function or view fails here until it has been reviewed."""
    with connect("owner") as owner:
        definers = owner.execute(
            "SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace"
            " WHERE n.nspname = 'public' AND prosecdef ORDER BY 1"
        ).fetchall()
        views = owner.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE n.nspname = 'public' AND relkind IN ('v', 'm')"
            " AND NOT COALESCE('security_invoker=true' = ANY(reloptions), false)"
        ).fetchall()
    assert {name for (name,) in definers} == DEFINERS
    assert views == []
