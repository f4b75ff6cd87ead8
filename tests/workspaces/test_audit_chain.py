"""The audit log: concurrent writers append in order, and any change is detected."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from core.audit import ChainFault, record, verify
from core.models import AuditEvent
from core.scope import Scope, open_scope
from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from tests.support.servers import servers
from tests.support.times import AT
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def append(user: User, workspace_id: int | None = None) -> AuditEvent:
    own = () if workspace_id is None else (workspace_id,)
    with open_scope(Scope(user_id=user.pk, workspace_ids=own)):
        return record(action="tests.done", by=user, at=AT, subject=user, workspace_id=workspace_id)


def as_owner(*statements: str) -> None:
    """Change rows as the tables' owner, with the triggers disabled."""
    with psycopg.connect(servers.url("owner", settings.DATABASE_NAME)) as owner:
        for statement in (
            "ALTER TABLE core_auditevent DISABLE TRIGGER USER",
            "ALTER TABLE core_auditevent NO FORCE ROW LEVEL SECURITY",
            *statements,
            "ALTER TABLE core_auditevent ENABLE TRIGGER USER",
            "ALTER TABLE core_auditevent FORCE ROW LEVEL SECURITY",
        ):
            owner.execute(statement)


def test_each_chain_has_its_own_sequence() -> None:
    ada = UserFactory.create()
    first, second = (
        WorkspaceFactory.create(owner=ada, name="First"),
        WorkspaceFactory.create(owner=ada, name="Second"),
    )
    for workspace_id in (first.pk, second.pk, first.pk):
        append(ada, workspace_id)
    sequences = {
        workspace.pk: list(
            AuditEvent.objects.filter(workspace_id=workspace.pk)
            .order_by("id")
            .values_list("sequence", flat=True)
        )
        for workspace in (first, second)
    }
    assert sequences == {first.pk: [1, 2, 3], second.pk: [1, 2]}
    assert verify() == []


def test_a_rolled_back_event_leaves_no_gap() -> None:
    ada = UserFactory.create()

    def fail_after_recording() -> None:
        with open_scope(Scope(user_id=ada.pk)):
            record(action="tests.undone", by=ada, at=AT, subject=ada)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    append(ada)
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
        "workspaces.user_created",
        "tests.done",
    ]
    assert verify() == []


@pytest.mark.parametrize(
    ("tamper", "sequence", "what"),
    [
        ("UPDATE core_auditevent SET reason = 'nicer' WHERE sequence = 2", 2, "it was changed"),
        ("UPDATE core_auditevent SET data = '{\"a\": 1}' WHERE sequence = 2", 2, "it was changed"),
        ("UPDATE core_auditevent SET actor_label = 'Eve' WHERE sequence = 3", 3, "it was changed"),
        ("DELETE FROM core_auditevent WHERE sequence = 2", 3, "rows are missing before it"),
        ("DELETE FROM core_auditevent WHERE sequence = 4", 4, "rows are missing at the end"),
        (
            "UPDATE core_auditevent SET reason = 'nicer' WHERE sequence = 2;"
            "UPDATE core_auditevent e SET hash = loggia_audit_hash(e) WHERE sequence = 2",
            3,
            "it does not follow the row before it",
        ),
    ],
)
def test_tampering_is_detected(tamper: str, sequence: int, what: str) -> None:
    ada = UserFactory.create()
    for _number in range(3):
        append(ada)
    assert verify() == []
    as_owner(tamper)
    assert verify() == [ChainFault("platform", sequence, what)]


@pytest.mark.parametrize("role", ["app", "worker"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE core_auditevent SET reason = 'x'",
        "DELETE FROM core_auditevent",
        "TRUNCATE core_auditevent",
        "UPDATE core_auditchain SET sequence = 0",
        "DELETE FROM core_auditchain",
        "ALTER TABLE core_auditevent DISABLE TRIGGER ALL",
        "DROP TRIGGER core_auditevent_link ON core_auditevent",
    ],
)
def test_app_and_worker_roles_cannot_change_the_log(role: str, change: str) -> None:
    append(UserFactory.create())
    with psycopg.connect(servers.url(role, settings.DATABASE_NAME), autocommit=True) as raw:
        raw.execute("SELECT set_config('loggia.system', 'forged', false)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(change)
    assert verify() == []


def test_a_given_sequence_and_hash_are_overwritten() -> None:
    ada = UserFactory.create()
    with open_scope(Scope(user_id=ada.pk)):
        event = AuditEvent.objects.create(
            chain="platform", sequence=99, at=AT, action="tests.forged", actor=ada, actor_label="",
            is_automated=False, subject_type="", subject_id="", previous_hash="x", hash="y",
        )  # fmt: skip
    event.refresh_from_db()
    assert event.sequence == 2
    assert verify() == []


def in_threads(count: int, work: Callable[[], Any]) -> list[BaseException]:
    errors: list[BaseException] = []
    start = Barrier(count)

    def run() -> None:
        try:
            start.wait()
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_concurrent_writers_make_one_chain() -> None:
    ada = UserFactory.create()
    team = WorkspaceFactory.create(owner=ada)

    def write() -> None:
        for _number in range(10):
            append(ada, team.pk)

    assert in_threads(4, write) == []
    sequences = AuditEvent.objects.filter(workspace_id=team.pk).order_by("sequence")
    assert list(sequences.values_list("sequence", flat=True)) == list(range(1, 42))
    assert verify() == []
