"""One backend serves one tenant after another, as pools do: nothing of the one before is left on it."""

from __future__ import annotations

import ast
import re
import threading
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection

from core.scope import Scope, open_scope
from gpts.knowledge.models import Document
from gpts.llm.models import ModelProvider
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from tests.support.servers import servers
from tests.support.times import AT
from workspaces.models import Group, Invitation, Notification, User
from workspaces.services.members import invite_member
from workspaces.services.notifications import notify

pytestmark = pytest.mark.django_db(transaction=True)
SCOPE = (
    "SELECT loggia_user_id(), loggia_workspace_ids(), loggia_admin_workspace_ids(),"
    " loggia_has_staff('finance')"
)
NO_SCOPE: tuple[object, ...] = (None, [], [], False)


def create_two_people() -> tuple[User, User]:
    ada, bob = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Bob")
    for person in (ada, bob):
        notify(user=person, kind="x", title=f"For {person}", at=AT)
    return ada, bob


def run(query: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(cursor.fetchone())


def test_tenants_take_turns_on_one_backend_and_see_their_own_rows_only() -> None:
    """As under a pool that gives a backend away after each transaction."""
    people = create_two_people()
    backends = set()
    for person in people * 3:
        with open_scope(Scope(user_id=person.pk, workspace_ids=(person.pk,), staff=frozenset({"finance"}))):
            titles = [note.title for note in Notification.objects.all()]
            backends.add(run("SELECT pg_backend_pid()"))
        assert titles == [f"For {person}"]
        assert run(SCOPE) == NO_SCOPE
    assert len(backends) == 1


def test_a_setting_made_outside_of_a_transaction_holds_for_its_own_statement_only() -> None:
    ada, _bob = create_two_people()
    with psycopg.connect(servers.url("app", settings.DATABASE_NAME), autocommit=True) as raw:
        raw.execute("SELECT set_config('loggia.user_id', %s, true)", [str(ada.pk)])
        assert raw.execute("SELECT loggia_user_id()").fetchone() == (None,)


def test_a_scope_is_written_inside_a_transaction_that_is_open_already() -> None:
    ada, _bob = create_two_people()
    before = connection.in_atomic_block
    with open_scope(Scope(user_id=ada.pk)):
        assert (before, connection.in_atomic_block) == (False, True)
        assert run("SELECT loggia_user_id()") == (ada.pk,)


# Statements that would outlive their transaction.
SESSION_SET = re.compile(
    r"^\s*(SET\s+(?!LOCAL\b|CONSTRAINTS\b)(SESSION\s+)?\w+[.\w]*\s*(=|TO\b)|SET\s+(SESSION\s+)?ROLE\b|RESET\s)"
)
SESSION_CONFIG = re.compile(r"set_config\((?:(?!true\)).)*false\)", re.DOTALL)


def list_texts(path: Path) -> list[str]:
    constants = (
        node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)
    )
    return [value for value in constants if isinstance(value, str)]


def test_no_code_sets_anything_for_a_session() -> None:
    root = Path(settings.BASE_DIR)
    offenders = [
        f"{path.relative_to(root)}: {text}"
        for app in ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts")
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts and path.name != "migration_operations.py"
        for text in list_texts(path)
        if SESSION_SET.search(text) or SESSION_CONFIG.search(text)
    ]
    assert offenders == []
    assert SESSION_SET.search("SET loggia.user_id = '1'")
    assert SESSION_SET.search("SET ROLE x")
    assert not SESSION_SET.search("SET LOCAL ROLE x")


def cancel_soon() -> None:
    raw = connection.connection
    threading.Timer(0.2, raw.cancel).start()


@pytest.mark.parametrize("way", ["exception", "broken query", "timeout", "cancelled"])
def test_after_a_request_that_broke_off_the_next_one_has_no_context(way: str) -> None:
    ada, bob = create_two_people()
    pid = run("SELECT pg_backend_pid()")

    def break_off() -> None:
        with open_scope(Scope(user_id=ada.pk, staff=frozenset({"finance"}))):
            assert Notification.objects.count() == 1
            if way == "exception":
                raise RuntimeError
            if way == "broken query":
                run("SELECT 1 / 0")
            if way == "timeout":
                run("SELECT set_config('statement_timeout', '100', true)")
            else:
                cancel_soon()
            run("SELECT pg_sleep(30)")

    with pytest.raises((RuntimeError, DatabaseError)):
        break_off()

    assert run("SELECT pg_backend_pid()") == pid
    assert run(SCOPE) == NO_SCOPE
    with open_scope(Scope(user_id=bob.pk)):
        assert [note.title for note in Notification.objects.all()] == ["For Bob"]


def test_names_addresses_and_bytes_of_another_tenant_are_free_in_ones_own() -> None:
    """A refusal would tell that another tenant has them."""
    ada, bob = create_two_people()
    for owner in (ada, bob):
        team = WorkspaceFactory.create(owner=owner, name="Same name")
        scope = Scope(user_id=owner.pk, workspace_ids=(team.pk,), admin_workspace_ids=(team.pk,))
        with open_scope(scope):
            Group.objects.create(workspace=team, name="Sales", created_at=AT)
            invite_member(workspace=team, email="same@else.test", role="member", by=owner, at=AT)
            ModelProvider.objects.create(workspace=team, name="House", kind="offline", created_at=AT)
            Document.objects.create(
                workspace=team,
                content_hash="0" * 64,
                media_type="text/plain",
                size=1,
                storage_key=f"{team.pk}",
                created_at=AT,
            )
            GPTFactory.create(workspace=team, owner=owner, name="Same name")

    for model in (Group, Invitation, ModelProvider, Document):
        assert model._default_manager.exclude(workspace=None).count() == 2, model
