"""Row-level security scopes: what a transaction sees, and that no setting outlives it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from core import scope
from core.audit import record, verify
from core.models import AuditEvent
from core.scope import NOBODY, Scope, ScopeMissing, current_scope, open_scope, public_reader
from tests.support.servers import servers
from workspaces.models import Notification, User

AT = datetime(2026, 11, 20, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def _setting(name: str) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [name])
        return str(cursor.fetchone()[0])


def _person(name: str) -> User:
    return User.objects.create_user(f"{name}@scope.test", display_name=name)


def test_a_scope_sees_its_own_rows_and_no_others() -> None:
    ann, ben = _person("ann"), _person("ben")
    for person in (ann, ben):
        Notification.objects.create(user=person, kind="test", title=person.display_name, created_at=AT)

    with open_scope(Scope(user_id=ann.pk)):
        assert [row.title for row in Notification.objects.all()] == ["ann"]
    with open_scope(NOBODY):
        assert not Notification.objects.exists()


def test_a_nested_scope_restores_the_former_one() -> None:
    with open_scope(Scope(user_id=7, workspace_ids=(1, 2))):
        with open_scope(Scope(user_id=8)):
            assert _setting("loggia.user_id") == "8"
        assert (_setting("loggia.user_id"), _setting("loggia.workspace_ids")) == ("7", "{1,2}")
        assert current_scope().user_id == 7


def test_a_scope_that_fails_leaves_neither_rows_nor_settings() -> None:
    ann = _person("ann")

    def write_and_fail() -> None:
        with open_scope(Scope(user_id=ann.pk)):
            Notification.objects.create(user=ann, kind="test", title="lost", created_at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert _setting("loggia.user_id") != str(ann.pk)
    assert not Notification.objects.filter(user=ann).exists()


@pytest.mark.django_db(transaction=True)
def test_without_an_open_scope_a_tenants_table_is_an_error() -> None:
    """Nothing opened is not the same as a visitor's scope, which sees no row of a tenant."""
    ann = _person("ann")
    Notification.objects.create(user=ann, kind="test", title="ann", created_at=AT)
    plain = _connect_without_scope()
    with plain, pytest.raises(psycopg.errors.InsufficientPrivilege, match="no row-level scope is open"):
        plain.execute("SELECT * FROM workspaces_notification")
    with open_scope(NOBODY):
        assert not Notification.objects.exists()


def _connect_without_scope() -> psycopg.Connection[Any]:
    return psycopg.connect(servers.url("worker", settings.DATABASE_NAME), autocommit=True)


def test_after_the_last_scope_of_a_transaction_there_is_none() -> None:
    """What follows a scope in the same transaction is not a visitor's."""
    token = scope._current.set(None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('loggia.system', '', true)")
    try:
        with open_scope(Scope(user_id=7)):
            assert _setting("loggia.user_id") == "7"
        assert {_setting(f"loggia.{name}") for name in ("user_id", "workspace_ids", "system")} == {""}
        with pytest.raises(ScopeMissing):
            current_scope()
    finally:
        scope._current.reset(token)


def test_a_public_block_opens_a_visitors_scope_where_there_is_none() -> None:
    token = scope._current.set(None)
    try:
        with public_reader():
            assert (current_scope(), _setting("loggia.workspace_ids")) == (NOBODY, "{}")
        assert _setting("loggia.workspace_ids") == ""
    finally:
        scope._current.reset(token)


def test_a_nested_public_block_does_not_end_the_outer_one() -> None:
    with public_reader():
        with public_reader():
            assert _role() == settings.DATABASE_ROLES["public"]
        assert _role() == settings.DATABASE_ROLES["public"]
    assert _role() != settings.DATABASE_ROLES["public"]


def test_a_public_block_restores_the_role_even_when_it_fails() -> None:
    with open_scope(Scope(user_id=7)):
        before = _role()
        with public_reader():
            assert _role() == settings.DATABASE_ROLES["public"]
        assert _role() == before
        with pytest.raises(ZeroDivisionError), public_reader():
            raise ZeroDivisionError
        assert _role() == before
        with public_reader():
            assert _role() == settings.DATABASE_ROLES["public"]


def _role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def test_the_public_role_cannot_read_private_tables() -> None:
    with pytest.raises(DatabaseError, match="permission denied"), public_reader():
        User.objects.count()
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    "change",
    ["UPDATE core_auditevent SET reason = 'x'", "DELETE FROM core_auditevent", "TRUNCATE core_auditevent"],
)
def test_the_audit_log_cannot_be_changed(change: str) -> None:
    record(action="test.thing_done", by=None, at=AT, subject=("thing", "1"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert AuditEvent.objects.get().reason == ""


def test_audit_chains_are_independent_and_verify() -> None:
    first = record(action="test.a", by=None, at=AT, subject=("thing", "1"))
    other = record(action="test.b", by=None, at=AT, subject=("thing", "1"), workspace_id=5)
    second = record(action="test.c", by=None, at=AT, subject=("thing", "2"), data={"名": ["é", 1, None]})
    for event in (first, other, second):
        event.refresh_from_db()

    assert [e.sequence for e in (first, second, other)] == [1, 2, 1]
    assert second.previous_hash == first.hash and other.previous_hash == ""
    assert verify() == []
