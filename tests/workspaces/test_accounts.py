"""Creating and changing accounts."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Conflict, InvalidInput
from core.models import AuditEvent
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.times import AT
from workspaces.access import personal_workspace, scope_for
from workspaces.models import Member, SharingPolicy, User, Workspace
from workspaces.services.users import complete_account, create_user, set_theme, update_profile
from workspaces.states import Role, WorkspaceKind

pytestmark = pytest.mark.django_db


def test_an_account_gets_a_personal_workspace_and_policy() -> None:
    user = create_user(email="Ada@Example.TEST", display_name="  Ada  Lovelace ", password=PASSWORD, at=AT)

    workspace = personal_workspace(user)
    assert (user.email, user.display_name) == ("ada@example.test", "Ada Lovelace")
    assert user.check_password(PASSWORD)
    assert (workspace.kind, workspace.name, workspace.person) == (
        WorkspaceKind.PERSONAL, "Ada Lovelace", user,
    )  # fmt: skip
    assert Member.objects.get(workspace=workspace).role == Role.OWNER
    assert SharingPolicy.objects.filter(workspace=workspace).count() == 1
    event = AuditEvent.objects.get(action="workspaces.user_created")
    assert (event.actor_id, event.subject_id) == (user.pk, str(user.pk))


def test_completing_an_account_twice_creates_one_workspace() -> None:
    user = UserFactory.create()
    again = complete_account(user=user, at=AT)
    assert list(Workspace.objects.filter(person=user)) == [again]


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"email": "nonsense"}, "email_invalid", "email"),
        ({"email": ""}, "required", "email"),
        ({"display_name": "\u200b"}, "required", "display_name"),
        ({"display_name": "x" * 81}, "too_long", "display_name"),
        ({"password": "short"}, "password_weak", "password"),
        ({"language": "tlh"}, "language_unknown", "language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone_unknown", "time_zone"),
    ],
)
def test_invalid_values_name_their_field_and_create_nothing(
    changed: dict[str, str], code: str, field: str
) -> None:
    values: dict[str, Any] = {"email": "a@example.test", "display_name": "A", "password": PASSWORD}
    with pytest.raises(InvalidInput) as refusal:
        create_user(at=AT, **(values | changed))
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not User.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_email_address_belongs_to_one_account() -> None:
    user = UserFactory.create()
    with pytest.raises(Conflict) as refusal:
        create_user(email=user.email.upper(), display_name="Twin", password=PASSWORD, at=AT)
    assert (refusal.value.code, refusal.value.field) == ("email_taken", "email")


def test_a_profile_change_renames_the_workspace_and_is_audited() -> None:
    user = UserFactory.create()
    update_profile(
        user=user, display_name="Grace", language="zh-hans", time_zone="Asia/Shanghai", by=user, at=AT
    )
    user.refresh_from_db()
    assert (user.display_name, user.language, user.time_zone) == ("Grace", "zh-hans", "Asia/Shanghai")
    assert personal_workspace(user).name == "Grace"
    event = AuditEvent.objects.get(action="workspaces.user_profile_changed")
    assert event.data == {
        "fields": ["display_name", "language", "time_zone"],
        "changes": {"language": ["", "zh-hans"], "time_zone": ["UTC", "Asia/Shanghai"]},
    }


def test_an_unknown_theme_is_refused() -> None:
    user = UserFactory.create()
    assert set_theme(user=user, theme="dark", by=user, at=AT).theme == "dark"
    with pytest.raises(InvalidInput):
        set_theme(user=user, theme="neon", by=user, at=AT)
    user.refresh_from_db()
    assert user.theme == "dark"


def test_an_inactive_person_has_an_empty_scope() -> None:
    user = UserFactory.create()
    assert scope_for(user).workspace_ids == (personal_workspace(user).pk,)
    user.is_active = False
    assert scope_for(user).user_id is None
