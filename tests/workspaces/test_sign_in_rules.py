"""Rules of sign-in: required providers, second factors, lengths of sessions, ages of keys."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from core.errors import Conflict, DomainError
from core.models import AuditEvent
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from tests.support.times import NOW
from workspaces.models import (
    IdentityConnection,
    IdentityLink,
    IdentityRules,
    Notification,
    User,
    Workspace,
)
from workspaces.services.api_keys import create_api_key
from workspaces.services.identity_rules import SignInChange, set_sign_in_rules
from workspaces.services.members import remove_member
from workspaces.sign_in_rules import Need, SignInRules, find_demand, find_grace, is_key_too_old

T = NOW.timestamp()
HOUR = 3600.0


@pytest.mark.parametrize(
    ("rules", "records", "has_factor", "need"),
    [
        ([], [], False, None),
        ([{}], [], False, None),
        ([{"session_hours": 8}], [{"method": "password", "at": T - 7 * HOUR}], False, None),
        ([{"session_hours": 8}], [{"method": "password", "at": T - 9 * HOUR}], False, Need.SIGN_IN_AGAIN),
        ([{"session_hours": 8}], [], False, Need.SIGN_IN_AGAIN),
        # The shortest of several companies wins, and proving it again counts.
        ([{"session_hours": 8}, {"session_hours": 1}], [{"at": T - 2 * HOUR}], False, Need.SIGN_IN_AGAIN),
        ([{"session_hours": 1}], [{"at": T - 5 * HOUR}, {"at": T - 60}], False, None),
        ([{"is_sso_required": True}], [{"method": "password", "at": T}], True, Need.COMPANY_SIGN_IN),
        ([{"is_sso_required": True}], [{"method": "company", "workspace": 1, "at": T}], False, None),
        ([{"is_sso_required": True}], [{"method": "company", "workspace": 9, "at": T}], False,
         Need.COMPANY_SIGN_IN),
        ([{"is_sso_required": True, "emergency_owner_id": 7}], [{"at": T}], True, None),
        ([{"is_sso_required": True, "emergency_owner_id": 7}], [{"at": T}], False, Need.SECOND_FACTOR),
        ([{"is_sso_required": True, "emergency_owner_id": 8}], [{"at": T}], True, Need.COMPANY_SIGN_IN),
        ([{"mfa_required_from": NOW}], [{"at": T}], False, Need.SECOND_FACTOR),
        ([{"mfa_required_from": NOW}], [{"at": T}], True, None),
        ([{"mfa_required_from": NOW + timedelta(seconds=1)}], [{"at": T}], False, None),
        ([{"mfa_required_from": NOW}], [{"method": "company", "workspace": 1, "at": T}], False, None),
    ],
)  # fmt: skip
def test_what_a_session_lacks(
    rules: list[dict[str, Any]], records: list[dict[str, Any]], has_factor: bool, need: Need | None
) -> None:
    found = find_demand(
        [SignInRules(number, f"w{number}", **rule) for number, rule in enumerate(rules, 1)],
        user_id=7,
        records=records,
        has_second_factor=has_factor,
        at=NOW,
    )
    assert (None if found is None else found.need) == need


def test_keys_age_and_grace_ends() -> None:
    rule = SignInRules(1, "w", api_key_days=30, mfa_required_from=NOW + timedelta(days=3))
    assert not is_key_too_old(rule, created_at=NOW - timedelta(days=30), at=NOW)
    assert is_key_too_old(rule, created_at=NOW - timedelta(days=31), at=NOW)
    assert not is_key_too_old(None, created_at=NOW - timedelta(days=3000), at=NOW)
    assert find_grace([rule], records=[], has_second_factor=False, at=NOW) == rule
    assert find_grace([rule], records=[], has_second_factor=True, at=NOW) is None
    assert find_grace([rule], records=[], has_second_factor=False, at=NOW + timedelta(days=3)) is None
    confirmed = {"method": "company", "workspace": 1}
    assert find_grace([rule], records=[confirmed], has_second_factor=False, at=NOW) is None
    assert find_grace([rule], records=[confirmed | {"workspace": 2}], has_second_factor=False, at=NOW) == rule


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory.create(display_name="Owner")


@pytest.fixture
def company(owner: User) -> Workspace:
    return WorkspaceFactory.create(owner=owner)


def add_factor(user: User) -> None:
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})


def add_connection(company: Workspace, *people: User) -> None:
    now = timezone.now()
    connection = IdentityConnection.objects.create(
        workspace=company, kind="oidc", name="Acme", issuer="https://id.acme.example", client_id="x",
        discovered={"authorization_endpoint": "https://id.acme.example/a"}, discovered_at=now,
        is_enabled=True, created_at=now, updated_at=now,
    )  # fmt: skip
    for person in people:
        IdentityLink.objects.create(
            workspace=company, connection=connection, user=person, subject=str(person.pk), created_at=now
        )


def apply(company: Workspace, by: User, **change: Any) -> IdentityRules:
    return set_sign_in_rules(workspace=company, change=SignInChange(**change), by=by, at=timezone.now())


def test_single_sign_on_is_required_only_when_nobody_is_locked_out(owner: User, company: Workspace) -> None:
    for prepare, code in (
        (lambda: None, "no_connection"),
        (lambda: add_connection(company), "not_tried"),
        (lambda: IdentityLink.objects.create(
            workspace=company, connection=IdentityConnection.objects.get(), user=owner, subject="1",
            created_at=timezone.now()), "emergency_owner_factor"),
    ):  # fmt: skip
        prepare()
        with pytest.raises(DomainError) as refusal:
            apply(company, owner, is_sso_required=True, emergency_owner=owner)
        assert refusal.value.code == code
    with pytest.raises(DomainError) as refusal:
        apply(company, owner, is_sso_required=True)
    assert refusal.value.code == "emergency_owner_missing"
    assert not IdentityRules.objects.exists()
    add_factor(owner)
    assert apply(company, owner, is_sso_required=True, emergency_owner=owner).is_sso_required
    # Now the connection stays as it is, and so does the emergency owner.
    client = confirm_identity(sign_in(owner), owner)
    page = f"/w/{company.slug}/admin/identity/connection"
    assert client.post(f"{page}/switch").status_code == 409
    assert client.post(f"{page}/delete").status_code == 409
    other = UserFactory.create(display_name="Other")
    MemberFactory.create(workspace=company, user=other, role="owner", by=owner)
    with pytest.raises(Conflict):
        remove_member(member=company.members.get(user=owner), by=other, at=timezone.now())


def test_members_are_sent_to_the_company_and_the_emergency_owner_is_noticed(
    owner: User, company: Workspace
) -> None:
    person, second = (UserFactory.create(display_name=name) for name in ("Pia", "Second"))
    MemberFactory.create(workspace=company, user=person, by=owner)
    MemberFactory.create(workspace=company, user=second, role="owner", by=owner)
    add_connection(company, owner)
    add_factor(owner)
    before = sign_in(person)
    assert before.get("/settings/").status_code == 200
    apply(company, owner, is_sso_required=True, emergency_owner=owner)

    answer = before.get("/settings/")
    assert answer["Location"] == f"/w/{company.slug}/sign-in?next=%2Fsettings%2F"
    assert before.get(answer["Location"]).status_code == 200
    fragment = before.get("/settings/", headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"].startswith(f"/w/{company.slug}/sign-in")
    sent = before.post("/chat/turns", {"text": "x", "key": "k"})
    assert sent.status_code in (302, 403, 404)
    # A stranger is not concerned, and who was confirmed goes on.
    assert sign_in(UserFactory.create(display_name="Stranger")).get("/settings/").status_code == 200
    session = before.session
    session["account_authentication_methods_user"] = str(person.pk)
    session["account_authentication_methods"] = [
        {"method": "company", "workspace": company.pk, "at": time.time()}
    ]
    session.save()
    assert before.get("/settings/").status_code == 200
    # The emergency owner goes on with a password; all owners hear of it.
    Authenticator.objects.filter(user=owner).delete()
    client = Client()
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert client.get("/settings/")["Location"] == "/accounts/2fa/"
    add_factor(owner)
    assert client.get("/settings/").status_code == 200
    event = AuditEvent.objects.get(action="workspaces.emergency_sign_in")
    assert (event.actor_id, event.workspace_id) == (owner.pk, company.pk)
    told = Notification.objects.filter(kind="security.emergency_sign_in")
    assert set(told.values_list("user_id", flat=True)) == {owner.pk, second.pk}


def test_a_second_factor_is_asked_for_after_the_grace(owner: User, company: Workspace) -> None:
    person = UserFactory.create(display_name="Pia")
    MemberFactory.create(workspace=company, user=person, by=owner)
    client = sign_in(person)
    rules = apply(company, owner, mfa_grace_days=7)
    assert client.get("/settings/").status_code == 200
    IdentityRules.objects.filter(pk=rules.pk).update(mfa_required_from=timezone.now())
    assert client.get("/settings/")["Location"] == "/accounts/2fa/"
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.post(f"/w/{company.slug}/leave").status_code == 302
    assert client.get("/settings/").status_code == 200


def test_sessions_end_and_keys_age(owner: User, company: Workspace) -> None:
    client = confirm_identity(sign_in(owner), owner)
    _key, plain = create_api_key(
        user=owner, workspace=company, name="k", scopes=["account"], by=owner,
        at=timezone.now() - timedelta(days=40),
    )  # fmt: skip
    call = Client(headers={"Authorization": f"Bearer {plain}"})
    page = f"/w/{company.slug}/admin/identity"
    assert call.get("/api/v1/me").status_code == 200
    values = {"session_hours": "2", "api_key_days": "30", "mfa_grace_days": "", "emergency_owner": ""}
    assert client.post(f"{page}/rules", values).status_code == 302
    assert call.get("/api/v1/me").status_code == 401
    assert client.get(page).status_code == 200
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 3 * 3600}]
    session.save()
    answer = client.get(page)
    assert answer["Location"].startswith("/accounts/login/?next=")
    assert "_auth_user_id" not in client.session
    event = AuditEvent.objects.get(action="workspaces.sign_in_rules_set")
    assert event.data["changes"]["session_hours"] == [None, 2]
