"""API keys and staff roles, by service and by command; the development mailbox."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.times import AT
from workspaces import rules
from workspaces.access import find_api_key, hash_secret, personal_workspace
from workspaces.models import ApiKey, StaffRole, User, Workspace
from workspaces.services import api_keys
from workspaces.services.api_keys import create_api_key, record_key_use, revoke_api_key
from workspaces.services.leaving import deactivate_user
from workspaces.services.staff import grant_staff_role, revoke_staff_role
from workspaces.states import ApiScope, Role, Staff
from workspaces.web.mailbox import mailbox, read_mails

pytestmark = pytest.mark.django_db


def make_key(user: User, **changes: Any) -> tuple[ApiKey, str]:
    values: dict[str, Any] = {
        "user": user,
        "workspace": personal_workspace(user),
        "name": "k",
        "scopes": ["chat"],
        "by": user,
        "at": AT,
    }
    return create_api_key(**(values | changes))


def test_only_the_hash_of_a_key_is_stored() -> None:
    """Neither the database row nor the audit log nor the label contains a part of the secret."""
    key, plain = make_key(UserFactory.create())
    secret = plain.split("_", 2)[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(k)::text FROM workspaces_apikey k")
        row = cursor.fetchone()[0]
    assert secret not in row and hash_secret(plain) in row
    assert len(secret) >= 43 and plain.startswith(f"lg_{key.prefix}_")
    event = AuditEvent.objects.get(action="workspaces.api_key_created")
    assert event.data == {"scopes": ["chat"], "expires_at": None}
    assert secret not in str(key)


def test_only_valid_keys_are_found() -> None:
    ada = UserFactory.create()
    key, plain = make_key(ada, expires_at=AT + timedelta(days=1))
    assert find_api_key(plain, at=AT) == key
    assert find_api_key(plain, at=AT + timedelta(days=1)) is None
    cut = ("", "lg", "lg_", f"lg_{key.prefix}", f"lg_{key.prefix}_", plain[:-1])
    odd = (plain + "a", plain.upper(), "xx" + plain[2:], f"lg_{key.prefix}_\x00", "lg_" + "a" * 500)
    for wrong in (*cut, *odd):
        assert find_api_key(wrong, at=AT) is None, wrong
    revoke_api_key(key=key, by=ada, at=AT)
    revoke_api_key(key=key, by=ada, at=AT)
    assert find_api_key(plain, at=AT) is None
    assert AuditEvent.objects.filter(action="workspaces.api_key_revoked").count() == 1


def test_a_key_ends_with_its_workspace_and_its_person() -> None:
    ada = UserFactory.create()
    team = WorkspaceFactory.create(owner=ada)
    _key, of_team = make_key(ada, workspace=team)
    _key, own = make_key(ada)
    Workspace.objects.filter(pk=team.pk).update(suspended_at=AT)
    assert find_api_key(of_team, at=AT) is None
    assert find_api_key(own, at=AT) is not None
    deactivate_user(user=ada, by=None, at=AT, reason="fraud")
    assert find_api_key(own, at=AT) is None
    assert AuditEvent.objects.get(action="workspaces.user_deactivated").reason == "fraud"


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"scopes": []}, InvalidInput, "scopes_invalid"),
        ({"scopes": ["everything"]}, InvalidInput, "scopes_invalid"),
        ({"name": " "}, InvalidInput, "required"),
        ({"expires_at": AT}, InvalidInput, "expiry_past"),
        ({"scopes": [ApiScope.FINANCE_WORK]}, Forbidden, "staff_scope"),
        ({"scopes": [ApiScope.REVIEWS_WORK]}, Forbidden, "staff_scope"),
        ({"scopes": [ApiScope.OPERATOR_WORK]}, Forbidden, "staff_scope"),
    ],
)
def test_invalid_keys_are_not_created(changes: dict[str, Any], error: type[Exception], code: str) -> None:
    ada = UserFactory.create()
    with pytest.raises(error) as refusal:
        make_key(ada, **changes)
    assert getattr(refusal.value, "code", "") == code
    assert not ApiKey.objects.exists()


def test_no_key_for_a_foreign_workspace() -> None:
    ada = UserFactory.create()
    with pytest.raises(Forbidden) as refusal:
        make_key(ada, workspace=WorkspaceFactory.create(owner=UserFactory.create(display_name="Bob")))
    assert refusal.value.code == "not_a_member"


def test_the_number_of_valid_keys_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MAX_KEYS", 1)
    ada = UserFactory.create()
    key, _plain = make_key(ada)
    with pytest.raises(Conflict):
        make_key(ada)
    revoke_api_key(key=key, by=ada, at=AT)
    assert make_key(ada)


def test_use_is_recorded_once_a_minute(django_assert_num_queries: Any) -> None:
    key, _plain = make_key(UserFactory.create())
    record_key_use(key=key, at=AT)
    key.refresh_from_db()
    assert key.last_used_at == AT
    with django_assert_num_queries(0):
        record_key_use(key=key, at=AT + timedelta(seconds=59))


def test_staff_roles_are_granted_revoked_and_audited() -> None:
    ada, boss = UserFactory.create(), UserFactory.create(display_name="Boss")
    grant_staff_role(user=ada, role="moderator", by=boss, at=AT)
    grant_staff_role(user=ada, role="moderator", by=boss, at=AT)
    assert rules.is_moderator(ada) and not rules.is_finance(ada) and not rules.is_operator(ada)
    assert ada.has_perm("reviews.work_queue") and not ada.has_perm("payouts.work_finance")
    revoke_staff_role(user=ada, role="moderator", by=boss, at=AT)
    revoke_staff_role(user=ada, role="moderator", by=boss, at=AT)
    assert not rules.is_moderator(ada) and not StaffRole.objects.exists()
    actions = (
        AuditEvent.objects.filter(subject_id=str(ada.pk)).order_by("id").values_list("action", flat=True)
    )
    assert list(actions)[-2:] == ["workspaces.staff_role_granted", "workspaces.staff_role_revoked"]
    with pytest.raises(InvalidInput):
        grant_staff_role(user=ada, role="king", by=boss, at=AT)


def test_workspace_roles_give_no_staff_permissions() -> None:
    owner, bob = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Bob")
    MemberFactory.create(workspace=WorkspaceFactory.create(owner=owner), user=bob, role=Role.ADMIN, by=owner)
    assert not any(predicate(bob) for predicate in rules.STAFF_PREDICATES.values())


def test_the_staff_command() -> None:
    ada = UserFactory.create()
    out = StringIO()
    call_command("make_staff", ada.email.upper(), "--role", "finance", stdout=out)
    assert out.getvalue() == f"{ada.email} is now finance\n"
    assert StaffRole.objects.get().role == Staff.FINANCE
    call_command("make_staff", ada.email, "--role", "finance", "--revoke", stdout=out)
    assert not StaffRole.objects.exists()
    with pytest.raises(CommandError, match="no account"):
        call_command("make_staff", "nobody@example.test", "--role", "finance")


def test_the_key_command_prints_a_key_that_works() -> None:
    ada = UserFactory.create()
    out = StringIO()
    call_command("create_api_key", ada.email, "--scopes", "chat", "--days", "3", stdout=out)
    plain = out.getvalue().strip()
    key = ApiKey.objects.get()
    assert (key.scopes, key.workspace) == (["chat"], personal_workspace(ada))
    assert find_api_key(plain, at=AT) == key
    with pytest.raises(CommandError, match="no account"):
        call_command("create_api_key", "nobody@example.test")
    with pytest.raises(CommandError, match="staff"):
        call_command("create_api_key", ada.email, "--scopes", "finance:work")


@pytest.fixture
def mails(tmp_path: Path, settings: Any) -> Path:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def test_the_mailbox_shows_sent_mails(mails: Path, rf: RequestFactory) -> None:
    backend = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(mails))
    for subject in ("First", "Zweite ü 二"):
        EmailMessage(
            subject, "Code: 123 <b>\n" + "-" * 79 + "x", "a@b.test", ["ada@example.test"], connection=backend
        ).send()
    (newest, oldest) = read_mails(mails)
    assert (newest.subject, oldest.subject, newest.to) == ("Zweite ü 二", "First", "ada@example.test")
    page = mailbox(rf.get("/dev/mail/", {"mail": newest.name})).content.decode()
    assert "Code: 123 &lt;b&gt;" in page and re.search(r"Zweite ü 二", page)
    with pytest.raises(NotFound):
        mailbox(rf.get("/dev/mail/", {"mail": "../../etc/passwd"}))


def test_an_empty_mailbox(mails: Path, rf: RequestFactory) -> None:
    assert read_mails(mails / "absent") == []
    assert "No mail yet" in mailbox(rf.get("/dev/mail/")).content.decode()
