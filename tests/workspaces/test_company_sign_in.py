"""Signing in with a company's own OpenID Connect provider, which runs here on a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from core.models import AuditEvent
from core.scope import system_scope
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.identity_provider import IdentityProvider, run_identity_provider
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from workspaces.models import (
    Group,
    GroupMember,
    IdentityConnection,
    IdentityLink,
    Member,
    ScimUser,
    StaffRole,
    User,
    Workspace,
)
from workspaces.oidc.discovery import split_address
from workspaces.services.identity_rules import set_role_claims
from workspaces.services.members import remove_member
from workspaces.services.proved_domains import prove_domain, release_domain
from workspaces.states import Role, Staff

# The provider's own libraries warn of each other, in its threads.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def running_provider() -> Iterator[IdentityProvider]:
    with run_identity_provider() as running:
        yield running


@pytest.fixture
def provider(running_provider: IdentityProvider, settings: Any) -> IdentityProvider:
    settings.OUTBOUND_TENANT_PRIVATE_HOSTS = [running_provider.host]
    return running_provider


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Owner")


@pytest.fixture
def company(owner: User, provider: IdentityProvider) -> Workspace:
    """A company whose connection was set, checked and switched on by its page."""
    workspace = WorkspaceFactory.create(owner=owner)
    client = confirm_identity(sign_in(owner), owner)
    page = f"/w/{workspace.slug}/admin/identity/connection"
    fields = {
        "name": "Acme sign-in", "issuer": provider.issuer, "client_id": "loggia", "secret": "very secret",
        "domains": "acme.example", "role_claim": "roles", "group_claim": "groups",
    }  # fmt: skip
    assert client.post(page, fields).status_code == 302
    assert client.post(f"{page}/check").status_code == 302
    assert client.post(f"{page}/switch", {"is_enabled": "on"}).status_code == 302
    connection = IdentityConnection.objects.get(workspace=workspace)
    assert connection.is_enabled and "very secret" not in connection.secret
    shown = client.get(f"/w/{workspace.slug}/admin/identity").content.decode()
    assert "very secret" not in shown and provider.issuer in shown
    assert "very secret" not in str(list(AuditEvent.objects.values_list("data", flat=True)))
    return workspace


def connect(company: Workspace, provider: IdentityProvider, person: User, subject: str) -> Client:
    client = confirm_identity(sign_in(person), person)
    assert client.post(f"/w/{company.slug}/sign-in/connect").status_code == 302
    answer = provider.go_through(client, company.slug, subject)
    assert answer.status_code == 302, answer.content
    return client


def test_a_member_connects_the_account_and_then_signs_in_without_a_password(
    company: Workspace, provider: IdentityProvider, owner: User
) -> None:
    person = UserFactory.create(display_name="Pia")
    member = MemberFactory.create(workspace=company, user=person, by=owner)
    set_role_claims(
        workspace=company,
        default_role="member",
        role_claims={"makers": "builder"},
        by=owner,
        at=timezone.now(),
    )
    group = Group.objects.create(workspace=company, name="Design", created_at=timezone.now())
    provider.set_person("s-pia", email="pia@elsewhere.example", roles=["Makers"], groups=["design", "none"])
    connect(company, provider, person, "s-pia")

    assert IdentityLink.objects.get().user == person
    fresh = Client()
    answer = provider.go_through(fresh, company.slug, "s-pia", next="/settings/")
    assert (answer.status_code, answer["Location"]) == (302, "/settings/")
    assert fresh.get("/settings/").context["request"].user == person
    member.refresh_from_db()
    assert member.role == Role.BUILDER
    assert list(GroupMember.objects.values_list("group_id", "member_id", "source")) == [
        (group.pk, member.pk, "scim")
    ]
    # The claim ends the group; the role of a value that is gone stays, a person may have given it.
    provider.set_person("s-pia", email="pia@elsewhere.example", roles=[], groups=[])
    provider.go_through(fresh, company.slug, "s-pia")
    assert GroupMember.objects.count() == 0


def test_nobody_is_let_in_or_taken_over_at_a_domain_that_is_not_proved(
    company: Workspace, provider: IdentityProvider
) -> None:
    victim = UserFactory.create(display_name="Victim")
    provider.set_person("s-evil", email=victim.email, email_verified=True, roles=["owner"])
    provider.set_person("s-new", email="new@acme.example", email_verified=True)
    before = (User.objects.count(), Member.objects.count())
    for subject, address in (("s-evil", victim.email), ("s-new", "new@acme.example")):
        client = Client()
        answer = provider.go_through(client, company.slug, subject)
        assert answer.status_code == 403
        assert address in answer.content.decode()
        assert "_auth_user_id" not in client.session
    assert (User.objects.count(), Member.objects.count()) == before
    assert not IdentityLink.objects.exists()


def test_accounts_are_made_and_linked_at_a_proved_domain(
    company: Workspace, provider: IdentityProvider, owner: User
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    set_role_claims(
        workspace=company, default_role="member", role_claims={"Boss": "admin"}, by=owner, at=timezone.now()
    )
    known = UserFactory.create(display_name="Known", email="known@acme.example")
    unsure = UserFactory.create(display_name="Unsure", email="unsure@acme.example", is_email_verified=False)
    for subject, roles in (("new", ["boss", "owner"]), ("known", []), ("unsure", [])):
        provider.set_person(f"j-{subject}", email=f"{subject}@acme.example", name="Nia New", roles=roles)
    client = Client()
    assert provider.go_through(client, company.slug, "j-new").status_code == 302
    made = User.objects.get(email="new@acme.example")
    assert (made.display_name, made.has_usable_password()) == ("Nia New", False)
    assert Member.objects.get(workspace=company, user=made).role == Role.ADMIN
    assert client.get("/settings/").context["request"].user == made

    assert provider.go_through(Client(), company.slug, "j-known").status_code == 302
    assert IdentityLink.objects.get(subject="j-known").user == known
    # Somebody may have made that account with an address that is not theirs.
    assert provider.go_through(Client(), company.slug, "j-unsure").status_code == 403
    assert not Member.objects.filter(workspace=company, user=unsure).exists()
    # An address that the provider itself has not verified proves nothing.
    provider.set_person("j-fake", email="boss@acme.example", email_verified=False)
    assert provider.go_through(Client(), company.slug, "j-fake").status_code == 403
    assert not User.objects.filter(email="boss@acme.example").exists()
    # Without a free seat nobody is made.
    Workspace.objects.filter(pk=company.pk).update(seats=Member.objects.filter(workspace=company).count())
    provider.set_person("j-late", email="late@acme.example")
    assert provider.go_through(Client(), company.slug, "j-late").status_code == 409
    assert not User.objects.filter(email="late@acme.example").exists()
    # The page of sign-in finds the company by the address, for a proved domain alone.
    found = Client().post("/sign-in", {"email": "anybody@ACME.example"})
    assert found["Location"] == f"/w/{company.slug}/sign-in"
    assert Client().post("/sign-in", {"email": "anybody@else.example"}).status_code == 400
    release_domain(workspace=company, domain="acme.example", at=timezone.now())
    assert Client().post("/sign-in", {"email": "anybody@acme.example"}).status_code == 400


def test_an_answer_counts_once_and_in_its_own_window(company: Workspace, provider: IdentityProvider) -> None:
    provider.set_person("s-1", email="one@acme.example")
    client, other = Client(), Client()
    begun = client.post(f"/w/{company.slug}/sign-in/begin")
    asked = parse_qs(urlsplit(begun["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["state"]
    back = provider.confirm(begun["Location"], "s-1")
    path = back[back.index("/w/") :]
    for browser, address in (
        (other, path),
        (client, path.replace("state=", "state=x")),
        (client, path),  # the try was spent by the wrong state
    ):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert "_auth_user_id" not in browser.session
    denied = Client()
    denied.post(f"/w/{company.slug}/sign-in/begin")
    state = denied.session["company_sign_in"]["state"]
    refusal = denied.get(f"/w/{company.slug}/sign-in/callback", {"error": "access_denied", "state": state})
    assert refusal.status_code == 403 and "did not let you in" in refusal.content.decode()


def test_a_subject_belongs_to_one_account(
    company: Workspace, provider: IdentityProvider, owner: User
) -> None:
    people = [UserFactory.create(display_name=name) for name in ("Ann", "Bob")]
    for person in people:
        MemberFactory.create(workspace=company, user=person, by=owner)
    provider.set_person("s-ann", email="ann@elsewhere.example")
    connect(company, provider, people[0], "s-ann")
    client = confirm_identity(sign_in(people[1]), people[1])
    client.post(f"/w/{company.slug}/sign-in/connect")
    answer = provider.go_through(client, company.slug, "s-ann")
    assert answer.status_code == 403
    assert IdentityLink.objects.get().user == people[0]
    # Without having asked for it, somebody who is signed in is not connected either.
    quiet = sign_in(people[1])
    provider.set_person("s-bob", email=people[1].email)
    assert provider.go_through(quiet, company.slug, "s-bob").status_code == 403
    assert IdentityLink.objects.count() == 1


def test_people_who_left_do_not_come_back(
    company: Workspace, provider: IdentityProvider, owner: User
) -> None:
    person = UserFactory.create(display_name="Leo")
    member = MemberFactory.create(workspace=company, user=person, by=owner)
    provider.set_person("s-leo", email=person.email)
    connect(company, provider, person, "s-leo")
    member.delete()
    client = Client()
    assert provider.go_through(client, company.slug, "s-leo").status_code == 403
    assert "_auth_user_id" not in client.session
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert provider.go_through(client, company.slug, "s-leo").status_code == 403


def test_whom_an_admin_removed_does_not_come_back(
    company: Workspace, provider: IdentityProvider, owner: User
) -> None:
    person = UserFactory.create(email="removed@acme.test")
    member = MemberFactory.create(workspace=company, user=person, by=owner)
    provider.set_person("s-removed", email=person.email)
    connect(company, provider, person, "s-removed")
    with system_scope("tests"):
        prove_domain(workspace=company, domain="acme.test", at=timezone.now())
    remove_member(member=member, by=owner, at=timezone.now())
    client = Client()
    assert provider.go_through(client, company.slug, "s-removed").status_code == 403
    assert not company.members.filter(user=person).exists()


def test_an_address_that_is_none_is_refused(owner: User) -> None:
    workspace = WorkspaceFactory.create(owner=owner)
    client = confirm_identity(sign_in(owner), owner)
    page = f"/w/{workspace.slug}/admin/identity"
    fields = {"name": "X", "issuer": "https://[", "client_id": "x", "secret": "x"}
    assert client.post(f"{page}/connection", fields).status_code == 400
    assert client.post(f"{page}/saml", {"name": "X", "metadata_url": "https://["}).status_code == 400
    assert split_address("https://[").hostname is None
    assert not IdentityConnection.objects.exists()


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("https://127.0.0.1:9", "may not call"),
        ("{issuer}/nothing", "no OpenID Connect description"),
        ("{issuer}/", "calls itself"),
    ],
)
def test_a_wrong_issuer_is_explained(
    issuer: str, words: str, provider: IdentityProvider, owner: User
) -> None:
    workspace = WorkspaceFactory.create(owner=owner)
    client = confirm_identity(sign_in(owner), owner)
    page = f"/w/{workspace.slug}/admin/identity/connection"
    fields = {"name": "X", "issuer": issuer.format(issuer=provider.issuer), "client_id": "x", "secret": "x"}
    client.post(page, fields)
    answer = client.post(f"{page}/check", follow=True)
    assert words in answer.content.decode()
    connection = IdentityConnection.objects.get(workspace=workspace)
    assert connection.discovered_at is None
    assert client.post(f"{page}/switch", {"is_enabled": "on"}).status_code == 409
    assert Client().post(f"/w/{workspace.slug}/sign-in/begin").status_code == 404


def test_another_issuer_ends_the_links_and_only_an_owner_sets_it(
    company: Workspace, provider: IdentityProvider, owner: User
) -> None:
    admin, person = UserFactory.create(display_name="Adam"), UserFactory.create(display_name="Pia")
    MemberFactory.create(workspace=company, user=admin, role="admin", by=owner)
    MemberFactory.create(workspace=company, user=person, by=owner)
    provider.set_person("s-pia", email="pia@elsewhere.example")
    connect(company, provider, person, "s-pia")
    page = f"/w/{company.slug}/admin/identity/connection"
    fields = {
        "name": "Acme sign-in", "issuer": "https://evil.example", "client_id": "loggia", "secret": "x",
        "domains": "acme.example", "role_claim": "roles", "group_claim": "groups",
    }  # fmt: skip
    by_admin = confirm_identity(sign_in(admin), admin)
    refusal = by_admin.post(page, fields)
    assert refusal.status_code == 400 and "Only an owner" in refusal.content.decode()
    assert by_admin.post(f"{page}/switch", {}).status_code == 403
    connection = IdentityConnection.objects.get(workspace=company)
    assert (connection.issuer, connection.is_enabled) == (provider.issuer, True)
    assert IdentityLink.objects.count() == 1

    by_owner = confirm_identity(sign_in(owner), owner)
    assert by_owner.post(page, fields | {"issuer": provider.issuer, "name": "New name"}).status_code == 302
    assert IdentityLink.objects.count() == 1
    assert by_owner.post(page, fields).status_code == 302
    assert not IdentityLink.objects.exists()
    event = AuditEvent.objects.filter(action="workspaces.connection_set").latest("pk")
    assert event.data["unlinked"] == 1


@pytest.mark.parametrize("is_owner", [True, False])
def test_an_address_alone_links_neither_owners_nor_staff(
    company: Workspace, provider: IdentityProvider, owner: User, is_owner: bool
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    powerful = UserFactory.create(display_name="Boss", email="boss@acme.example")
    MemberFactory.create(workspace=company, user=powerful, role="owner" if is_owner else "member", by=owner)
    if not is_owner:
        StaffRole.objects.create(user=powerful, role=Staff.OPERATOR, granted_at=timezone.now())
    provider.set_person(f"b-{is_owner}", email=powerful.email, email_verified=True)
    client = Client()
    answer = provider.go_through(client, company.slug, f"b-{is_owner}")
    assert answer.status_code == 403 and "press Connect" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert not IdentityLink.objects.exists()
    connect(company, provider, powerful, f"b-{is_owner}")
    assert IdentityLink.objects.get().user == powerful


@pytest.mark.parametrize("has_account", [True, False])
def test_whom_the_directory_deactivated_signs_in_no_more(
    company: Workspace, provider: IdentityProvider, has_account: bool
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    person = UserFactory.create(display_name="Lea", email="lea@acme.example")
    row = ScimUser.objects.create(
        workspace=company, user=person if has_account else None, user_name="lea", email=person.email,
        is_active=False, created_at=timezone.now(), changed_at=timezone.now(),
    )  # fmt: skip
    provider.set_person("s-lea", email=person.email)
    client = Client()
    assert provider.go_through(client, company.slug, "s-lea").status_code == 403
    assert "_auth_user_id" not in client.session
    assert not Member.objects.filter(workspace=company, user=person).exists()
    assert not IdentityLink.objects.exists()
    ScimUser.objects.filter(pk=row.pk).update(is_active=True)
    assert provider.go_through(client, company.slug, "s-lea").status_code == 302


@pytest.mark.parametrize(
    ("value", "status"), [("false", 403), (0, 403), (1, 403), (None, 403), ("true", 302), (True, 302)]
)
def test_an_address_counts_only_if_the_provider_confirms_it(
    company: Workspace, provider: IdentityProvider, value: Any, status: int
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    provider.set_person("s-new", email="new@acme.example", email_verified=value)
    assert provider.go_through(Client(), company.slug, "s-new").status_code == status
    assert User.objects.filter(email="new@acme.example").exists() is (status == 302)


def test_another_person_who_is_signed_in_stays_signed_in(
    company: Workspace, provider: IdentityProvider, owner: User
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    provider.set_person("s-new", email="new@acme.example")
    client = sign_in(owner)
    answer = provider.go_through(client, company.slug, "s-new")
    assert answer.status_code == 403 and "Sign out first" in answer.content.decode()
    assert client.session["_auth_user_id"] == str(owner.pk)
    assert not User.objects.filter(email="new@acme.example").exists()


def test_sign_in_begins_by_a_form_of_ours_only(company: Workspace) -> None:
    begin = f"/w/{company.slug}/sign-in/begin"
    assert Client().get(begin).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(begin).status_code == 403
    assert "company_sign_in" not in strict.session
    page = strict.get(f"/w/{company.slug}/sign-in", {"next": "/settings/"})
    assert 'name="next" value="/settings/"' in page.content.decode()
    # Chromium holds the redirect to the provider to this directive.
    assert "form-action 'self' http:" in page["Content-Security-Policy"]
    token = str(page.context["csrf_token"])
    begun = strict.post(begin, {"csrfmiddlewaretoken": token, "next": "/settings/"})
    assert begun.status_code == 302 and strict.session["company_sign_in"]["next"] == "/settings/"


def test_a_state_of_any_letters_is_refused(company: Workspace) -> None:
    client = Client()
    client.post(f"/w/{company.slug}/sign-in/begin")
    answer = client.get(f"/w/{company.slug}/sign-in/callback", {"state": "häß", "code": "x"})
    assert answer.status_code == 403


def test_a_secondary_address_of_another_account_makes_no_account(
    company: Workspace, provider: IdentityProvider
) -> None:
    prove_domain(workspace=company, domain="acme.example", at=timezone.now())
    holder = UserFactory.create(display_name="Holder")
    EmailAddress.objects.create(user=holder, email="second@acme.example", verified=True, primary=False)
    provider.set_person("s-second", email="second@acme.example")
    answer = provider.go_through(Client(), company.slug, "s-second")
    assert answer.status_code == 409 and "already an account" in answer.content.decode()
    assert not IdentityLink.objects.exists()
