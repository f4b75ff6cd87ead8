"""Signing in with a company's own SAML provider, which runs here on a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from core.errors import Conflict
from core.links import absolute_url
from core.models import AuditEvent
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from tests.support.saml_provider import EMAIL, SamlProvider, build_metadata, make_keys, run_saml_provider
from workspaces.models import (
    Group,
    GroupMember,
    IdentityConnection,
    IdentityLink,
    Member,
    User,
    Workspace,
)
from workspaces.services.connections import (
    ConnectionSettings,
    note_discovery,
    set_connection,
    switch_connection,
)
from workspaces.services.identity_rules import SignInChange, set_role_claims, set_sign_in_rules
from workspaces.services.proved_domains import prove_domain
from workspaces.states import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running_provider() -> Iterator[SamlProvider]:
    with run_saml_provider() as running:
        yield running


@pytest.fixture
def provider(running_provider: SamlProvider, settings: Any) -> SamlProvider:
    settings.OUTBOUND_TENANT_PRIVATE_HOSTS = [running_provider.host]
    running_provider.published = [running_provider.keys.text]
    running_provider.changes = {}
    return running_provider


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Owner")


def fields(**changes: str) -> dict[str, str]:
    return {
        "name": "Acme SAML",
        "domains": "acme.example",
        "role_claim": "roles",
        "group_claim": "groups",
    } | changes


@pytest.fixture
def company(owner: User, provider: SamlProvider) -> Workspace:
    """A company whose connection was set by the address of the metadata and switched on by its page."""
    workspace = WorkspaceFactory.create(owner=owner)
    client = confirm_identity(sign_in(owner), owner)
    page = f"/w/{workspace.slug}/admin/identity"
    response = client.post(f"{page}/saml", fields(metadata_url=provider.entity_id))
    assert response.status_code == 302, response.content.decode()
    assert client.post(f"{page}/saml/switch", {"is_enabled": "on"}).status_code == 302
    connection = IdentityConnection.objects.get(workspace=workspace)
    assert (connection.kind, connection.issuer, connection.is_enabled) == ("saml", provider.entity_id, True)
    shown = client.get(page).content.decode()
    assert f"/w/{workspace.slug}/sign-in/saml/metadata" in shown and provider.entity_id in shown
    return workspace


def connect(company: Workspace, provider: SamlProvider, person: User, subject: str) -> Client:
    client = confirm_identity(sign_in(person), person)
    assert client.post(f"/w/{company.slug}/sign-in/connect").status_code == 302
    answer = provider.go_through(client, company.slug, subject)
    assert answer.status_code == 302, answer.content.decode()
    return client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_accounts_come_with_roles_and_groups_and_are_found_again(
    company: Workspace, provider: SamlProvider, owner: User
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    claims = {"makers": "builder"}
    set_role_claims(workspace=company, default_role="member", role_claims=claims, by=owner, at=timezone.now())
    group = Group.objects.create(workspace=company, name="Design", created_at=timezone.now())
    provider.set_person(
        "p-1", mail=["pia@acme.example"], displayName=["Pia P"], roles=["Makers", "owner"], groups=["design"]
    )
    client = Client()
    answer = provider.go_through(client, company.slug, "p-1", next="/settings/")
    assert (answer.status_code, answer["Location"]) == (302, "/settings/")
    person = User.objects.get(email="pia@acme.example")
    assert client.get("/settings/").context["request"].user == person
    assert person.display_name == "Pia P"
    member = Member.objects.get(workspace=company, user=person)
    assert member.role == Role.BUILDER
    assert list(GroupMember.objects.values_list("group_id", "member_id")) == [(group.pk, member.pk)]
    # The address changes at the provider; the name that it gives decides.
    provider.set_person("p-1", mail=["other@acme.example"], roles=[], groups=[])
    assert provider.go_through(Client(), company.slug, "p-1").status_code == 302
    assert IdentityLink.objects.get().user == person
    assert not User.objects.filter(email="other@acme.example").exists()
    assert not GroupMember.objects.exists()


def test_an_answer_counts_once_in_the_browser_that_asked(company: Workspace, provider: SamlProvider) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    provider.set_person("p@acme.example", name_format=EMAIL)
    client, other = Client(), Client()
    begin = f"/w/{company.slug}/sign-in/begin"
    begun = client.post(begin)
    action, form = provider.confirm(begun["Location"], "p@acme.example")
    consume = urlsplit(action).path
    first = Client().post(consume, form)
    assert first.status_code == 303 and "p@acme.example" not in first["Location"]
    # What waits in the cache is sealed.
    sealed = cache.get(f"sign-in:saml:{company.pk}:{first['Location'].partition('answer=')[2]}")
    assert sealed and "acme.example" not in sealed
    # Another browser, also one that has begun a sign-in of its own, cannot finish it.
    assert other.get(first["Location"]).status_code == 403
    other.post(begin)
    again = Client().post(consume, form)
    assert other.get(again["Location"]).status_code == 403
    assert not is_signed_in(other)
    # Nor does it count with another relay state, or a second time.
    changed = Client().post(consume, form | {"RelayState": "x"})
    assert client.get(changed["Location"]).status_code == 403
    assert client.get(Client().post(consume, form)["Location"]).status_code == 403
    assert not is_signed_in(client) and not User.objects.filter(email="p@acme.example").exists()

    begun = client.post(begin)
    action, form = provider.confirm(begun["Location"], "p@acme.example")
    session = client.session["company_sign_in"]
    taken = Client().post(consume, form)
    assert client.get(taken["Location"]).status_code == 302 and is_signed_in(client)
    client.logout()
    replayed = Client().post(consume, form)
    state = client.session
    state["company_sign_in"] = session
    state.save()
    assert client.get(replayed["Location"]).status_code == 403
    assert not is_signed_in(client)


@pytest.mark.parametrize(("changes", "text"), [
    ({"audience": "https://other.example"}, "another application"),
    ({"in_response_to": ""}, "Nobody asked for this answer"),
    ({"begin": 100}, "seconds too early or too late"),
])  # fmt: skip
def test_what_is_not_for_us_is_refused(
    company: Workspace, provider: SamlProvider, changes: dict[str, Any], text: str
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    provider.set_person("p@acme.example", name_format=EMAIL)
    provider.changes = changes
    client = Client()
    answer = provider.go_through(client, company.slug, "p@acme.example")
    assert answer.status_code == 403 and text in answer.content.decode()
    assert not is_signed_in(client) and not User.objects.filter(email="p@acme.example").exists()


def test_nobody_is_taken_over(company: Workspace, provider: SamlProvider, owner: User) -> None:
    victim = UserFactory.create(display_name="Victim", email="victim@acme.example")
    provider.set_person("evil", mail=[victim.email], roles=["owner"])
    client = Client()
    answer = provider.go_through(client, company.slug, "evil")
    assert answer.status_code == 403 and "has not proved" in answer.content.decode()
    # Owners are never linked by an address alone, at a proved domain either; they connect themselves.
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    MemberFactory.create(workspace=company, user=victim, role="owner", by=owner)
    answer = provider.go_through(client, company.slug, "evil")
    assert answer.status_code == 403 and "press Connect" in answer.content.decode()
    assert not is_signed_in(client) and not IdentityLink.objects.exists()
    provider.set_person("o-1")
    connect(company, provider, owner, "o-1")


def test_the_next_certificate_is_read_from_the_provider(
    company: Workspace, provider: SamlProvider, owner: User
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    provider.set_person("p@acme.example", name_format=EMAIL)
    old, provider.keys = provider.keys, make_keys()
    try:
        assert provider.go_through(Client(), company.slug, "p@acme.example").status_code == 403
        provider.published = [old.text, provider.keys.text]
        client = confirm_identity(sign_in(owner), owner)
        page = f"/w/{company.slug}/admin/identity"
        assert client.post(f"{page}/saml/check").status_code == 302
        event = AuditEvent.objects.filter(action="workspaces.connection_checked").latest("pk")
        before, after = event.data["changes"]["certificates"]
        assert len(before) == 1 and after[0] == before[0] and len(after) == 2
        assert provider.go_through(Client(), company.slug, "p@acme.example").status_code == 302
    finally:
        provider.keys = old


def test_only_owners_set_it_and_another_provider_ends_the_links(
    company: Workspace, provider: SamlProvider, owner: User
) -> None:
    admin = UserFactory.create(display_name="Adam")
    MemberFactory.create(workspace=company, user=admin, role="admin", by=owner)
    provider.set_person("o-1")
    connect(company, provider, owner, "o-1")
    page = f"/w/{company.slug}/admin/identity/saml"
    evil = build_metadata("https://id.evil.example", "https://id.evil.example/sso", make_keys().text)
    by_admin = confirm_identity(sign_in(admin), admin)
    refusal = by_admin.post(page, fields(metadata=evil))
    assert refusal.status_code == 400 and "Only an owner" in refusal.content.decode()
    assert [by_admin.post(f"{page}/{act}").status_code for act in ("switch", "delete")] == [403, 403]
    seen = [
        client.get(f"/w/{company.slug}/admin/identity").content.decode()
        for client in (by_admin, confirm_identity(sign_in(owner), owner))
    ]
    assert ["Remove the connection" in page for page in seen] == [False, True]
    assert "Owners of the workspace set up, switch and remove this." in seen[0]
    assert IdentityLink.objects.count() == 1

    client = confirm_identity(sign_in(owner), owner)
    assert client.post(page, fields(name="Renamed")).status_code == 302
    connection = IdentityConnection.objects.get(workspace=company)
    assert (connection.name, connection.is_enabled, IdentityLink.objects.count()) == ("Renamed", True, 1)
    for bad, text in (
        (fields(metadata="<x"), "no SAML metadata"),
        (fields(metadata=evil, metadata_url=provider.entity_id), "not both"),
        (fields(metadata_url="http://169.254.169.254/"), "may not call"),
        (fields(metadata_url=f"{provider.address}/sso"), "does not answer"),
    ):
        answer = client.post(page, bad)
        assert answer.status_code == 400 and text in answer.content.decode(), text
    assert client.post(page, fields(metadata=evil)).status_code == 302
    connection.refresh_from_db()
    assert (connection.issuer, connection.is_enabled) == ("https://id.evil.example", False)
    assert not IdentityLink.objects.exists()
    # Pasted metadata has no address to be read from again.
    told = client.post(f"{page}/check", follow=True).content.decode()
    assert "Paste the new one below" in told
    assert client.post(f"{page}/delete").status_code == 302
    assert not IdentityConnection.objects.exists()


@pytest.mark.parametrize("act", ["saml", "saml/check", "connection/check"])
def test_forms_that_wait_for_the_provider_are_sent_again_after_the_password(
    company: Workspace, owner: User, act: str
) -> None:
    """They are not repeated within the transaction of the page that asks for the password."""
    client = sign_in(owner)
    page = f"/w/{company.slug}/admin/identity"
    asked = client.post(f"{page}/{act}", fields(), headers={"referer": absolute_url(page)})
    assert asked["Location"] == f"/accounts/reauthenticate/?next={quote(page, safe='')}"
    shown = client.get(asked["Location"])
    assert "then send the form again" in shown.content.decode()
    back = client.post(asked["Location"], {"password": PASSWORD, "next": page})
    assert (back.status_code, back["Location"]) == (302, page)
    evil = sign_in(owner).post(f"{page}/{act}", headers={"referer": "https://evil.example/x"})
    assert evil["Location"].endswith("?next=%2F")


def test_both_kinds_stand_beside_each_other(company: Workspace, provider: SamlProvider, owner: User) -> None:
    now = timezone.now()
    settings = ConnectionSettings("Other", "https://id.example", "x", "secret")
    openid = set_connection(workspace=company, settings=settings, by=owner, at=now)
    discovered = {"authorization_endpoint": "https://id.example/authorize"}
    note_discovery(connection=openid, discovered=discovered, by=owner, at=now)
    openid.refresh_from_db()
    switch_connection(connection=openid, is_enabled=True, by=owner, at=now)
    shown = Client().get(f"/w/{company.slug}/sign-in").content.decode()
    assert "Go on with Acme SAML" in shown and "Go on with Other" in shown
    begin = f"/w/{company.slug}/sign-in/begin"
    assert Client().post(begin, {"kind": "oidc"})["Location"].startswith("https://id.example/authorize?")
    assert (
        Client().post(begin, {"kind": "saml"})["Location"].startswith(f"{provider.address}/sso?tenant=1&SAML")
    )
    assert Client().post(begin, {"kind": "x"}).status_code == 404


def test_a_sign_in_by_saml_satisfies_the_rule_that_requires_it(
    company: Workspace, provider: SamlProvider, owner: User
) -> None:
    member = UserFactory.create(display_name="Mia")
    MemberFactory.create(workspace=company, user=member, by=owner)
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={"secret": "x"})
    for subject in ("o-1", "m-1"):
        provider.set_person(subject)
    change = SignInChange(is_sso_required=True, emergency_owner=owner)
    with pytest.raises(Conflict) as refusal:
        set_sign_in_rules(workspace=company, change=change, by=owner, at=timezone.now())
    assert refusal.value.code == "not_tried"
    connect(company, provider, owner, "o-1")
    confirmed = connect(company, provider, member, "m-1")
    set_sign_in_rules(workspace=company, change=change, by=owner, at=timezone.now())
    assert confirmed.get("/settings/").status_code == 200
    assert sign_in(member).get("/settings/")["Location"].startswith(f"/w/{company.slug}/sign-in")
    # Nobody can be locked out now: not by another provider, nor by switching this one off.
    evil = build_metadata("https://id.evil.example", "https://id.evil.example/sso", make_keys().text)
    client = confirm_identity(sign_in(owner), owner)
    page = f"/w/{company.slug}/admin/identity/saml"
    assert client.post(page, fields(metadata=evil)).status_code == 400
    assert [client.post(f"{page}/{act}").status_code for act in ("switch", "delete")] == [409, 409]
    assert IdentityConnection.objects.get(workspace=company).issuer == provider.entity_id
    assert client.post(f"{page}/check").status_code == 302


def test_the_api_sets_reads_and_switches(provider: SamlProvider, owner: User) -> None:
    workspace = WorkspaceFactory.create(owner=owner)
    client = ApiClient(owner, workspace, ["account"])
    base = f"workspaces/{workspace.slug}/identity/connections"
    secret = {"password": PASSWORD}
    body = {"name": "Acme SAML", "metadata_url": provider.entity_id, "domains": ["acme.example"]}
    assert client.put(f"{base}/saml", body).status_code == 403
    made = client.put(f"{base}/saml", body | secret)
    assert made.status_code == 200, made.content
    [certificate] = made.json()["certificates"]
    ours = absolute_url(f"/w/{workspace.slug}/sign-in/saml")
    assert made.json() == {
        "kind": "saml", "name": "Acme SAML", "issuer": provider.entity_id, "client_id": "",
        "domains": ["acme.example"], "role_claim": "roles", "group_claim": "groups", "is_checked": True,
        "is_enabled": False, "sso_url": f"{provider.address}/sso?tenant=1",
        "metadata_url": provider.entity_id, "certificates": [certificate],
        "redirect_uri": ours, "service_entity_id": f"{ours}/metadata",
    }  # fmt: skip
    assert client("PATCH", f"{base}/saml", {"is_enabled": True} | secret).json()["is_enabled"]
    assert client.post(f"{base}/saml/check").json()["is_enabled"]
    assert [one["kind"] for one in client.get(base).json()] == ["saml"]
    openid = {"name": "O", "issuer": "https://id.example", "client_id": "x", "secret": "very secret"}
    answer = client.put(f"{base}/oidc", openid | secret)
    assert answer.status_code == 200 and "very secret" not in answer.content.decode()
    assert (answer.json()["is_checked"], answer.json()["issuer"]) == (False, "https://id.example")
    for method, path, sent, status in (
        ("PUT", "saml", {"name": "X", "metadata": "<x"}, 400),
        ("PUT", "ldap", {"name": "X"}, 404),
        ("GET", "ldap", {}, 404),
        ("PATCH", "oidc", {"is_enabled": True}, 409),
    ):
        got = client(method, f"{base}/{path}", sent | secret)
        assert got.status_code == status, (method, path, got.content)
    assert client("DELETE", f"{base}/saml", secret).status_code == 204
    assert client.get(f"{base}/saml").status_code == 404


def test_our_metadata_is_public_for_companies_alone(company: Workspace, owner: User) -> None:
    answer = Client().get(f"/w/{company.slug}/sign-in/saml/metadata")
    assert answer["Content-Type"] == "application/samlmetadata+xml"
    assert f"/w/{company.slug}/sign-in/saml".encode() in answer.content
    personal = Workspace.objects.get(kind="personal", person=owner)
    assert Client().get(f"/w/{personal.slug}/sign-in/saml/metadata").status_code == 404
    assert Client().post(f"/w/{personal.slug}/sign-in/saml", {"SAMLResponse": "x"}).status_code == 404
