"""Domains of a company: proved by a DNS record, lost with it, and who joins by an address there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dns.rcode
import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import IntegrityError, transaction
from django.test import Client

from core.dns_lookup import LookupFailed, _read_server, read_texts
from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from core.scope import system_scope
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.name_server import NameServer, run_name_server
from tests.support.outbound import run_outbound_jobs
from tests.support.times import AT
from workspaces.access import access_domain_claim, access_join_offer, personal_workspace
from workspaces.models import DomainClaim, Member, Notification, ProvedDomain, ScimUser, User, Workspace
from workspaces.queries.domains import list_domains, list_join_offers
from workspaces.queries.identity import is_address_proved
from workspaces.services.domain_claims import (
    CLAIMS,
    GRACE,
    LOOK_FOR,
    check_due_domains,
    claim_domain,
    get_record_text,
    set_domain_joining,
)
from workspaces.services.domain_joining import join_at_sign_up, join_by_domain
from workspaces.services.members import remove_member
from workspaces.services.proved_domains import prove_domain, release_domain

pytestmark = pytest.mark.django_db
DOMAIN = "works.example"


@pytest.fixture
def names(settings: Any) -> Iterator[NameServer]:
    with run_name_server() as running:
        settings.DNS_SERVERS = [running.place]
        yield running


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def company(owner: User) -> Workspace:
    return create_company(owner)


def make_person(email: str = f"ann@{DOMAIN}", **values: Any) -> User:
    return UserFactory.create(email=email, display_name="Ann", **values)


def claim(company: Workspace, owner: User, names: NameServer | None = None) -> DomainClaim:
    made = claim_domain(workspace=company, domain=DOMAIN, by=owner, at=AT)
    if names is not None:
        names.texts[f"_loggia.{DOMAIN}"] = ["v=spf1 -all", get_record_text(made)]
    return made


def check(at: Any = AT) -> tuple[int, str, bool]:
    """Look at what is due; return how many, the newest claim's outcome and whether the domain is proved."""
    count = check_due_domains(clock=lambda: at)
    newest = DomainClaim.objects.latest("pk")
    return count, newest.outcome, ProvedDomain.objects.filter(workspace=newest.workspace).exists()


def open_to(company: Workspace, owner: User, joining: str) -> None:
    with system_scope("tests"):
        prove_domain(workspace=company, domain=DOMAIN, at=AT)
    set_domain_joining(workspace=company, joining=joining, by=owner, at=AT)


# Proofs ----------------------------------------------------------------------------------------------------
def test_a_record_proves_a_domain_and_its_loss_ends_it(
    company: Workspace, owner: User, names: NameServer
) -> None:
    made = claim(company, owner)
    assert (check(), names.asked) == ((1, "missing", False), [f"_loggia.{DOMAIN}"])
    assert check(AT + timedelta(minutes=59))[0] == 0
    names.texts[f"_loggia.{DOMAIN}"] = [get_record_text(made) + "x", "loggia-domain="]
    found = AT + timedelta(hours=1)
    assert check(found) == (1, "missing", False)
    claim(company, owner, names)
    found += timedelta(hours=1)
    assert check(found) == (1, "found", True)
    assert is_address_proved(company.pk, f"Ann@{DOMAIN.upper()}")
    # A name server that fails, then a record that is gone: the owner is told once, and the time counts.
    names.code = dns.rcode.SERVFAIL
    failing = found + timedelta(hours=12)
    assert (check(failing), Notification.objects.count()) == ((1, "unreachable", True), 1)
    names.code = dns.rcode.NOERROR
    names.texts.clear()
    assert check(failing + timedelta(hours=12)) == (1, "missing", True)
    claim(company, owner, names)
    assert check(failing + timedelta(hours=24)) == (1, "found", True)
    names.texts.clear()
    failing += timedelta(hours=36)
    assert check(failing) == (1, "missing", True)
    assert check(failing + GRACE - timedelta(seconds=1)) == (1, "missing", True)
    assert check(failing + GRACE + timedelta(hours=12)) == (1, "missing", False)
    titles = list(Notification.objects.order_by("pk").values_list("title", flat=True))
    assert titles == [f"The DNS record of {DOMAIN} is missing"] * 2 + [
        f"{DOMAIN} no longer belongs to your workspace"
    ]
    acts = AuditEvent.objects.filter(action__startswith="workspaces.domain").order_by("pk")
    assert [(event.action.removeprefix("workspaces.domain_"), event.actor) for event in acts] == [
        ("claimed", owner), ("proved", None), ("lost", None)
    ]  # fmt: skip


def test_a_domain_of_two_workspaces_is_the_first_ones(
    company: Workspace, owner: User, names: NameServer
) -> None:
    claim(company, owner, names)
    assert check() == (1, "found", True)
    other = create_company(UserFactory.create())
    second = claim_domain(workspace=other, domain=DOMAIN, by=owner, at=AT)
    names.texts[f"_loggia.{DOMAIN}"].append(get_record_text(second))
    assert check(AT + timedelta(minutes=1)) == (1, "of_another", False)
    # Given up there, it becomes the second one's.
    assert release_domain(workspace=company, domain=DOMAIN, by=owner, at=AT)
    assert check(AT + timedelta(hours=2)) == (1, "found", True)
    assert ProvedDomain.objects.get().workspace == other
    assert not release_domain(workspace=company, domain=DOMAIN, by=owner, at=AT)


def test_the_operators_word_needs_no_record(company: Workspace, owner: User, names: NameServer) -> None:
    claim(company, owner)
    with system_scope("tests"):
        prove_domain(workspace=company, domain=DOMAIN, at=AT)
    assert check_due_domains(clock=lambda: AT) == 0
    [row] = list_domains(company)
    assert (row.claim, row.proved_at) == (None, AT)
    with pytest.raises(DomainError) as refusal:
        claim_domain(workspace=company, domain=DOMAIN, by=owner, at=AT)
    assert (refusal.value.code, list_domains(company)[0].claim) == ("domain_proved", None)


def test_a_long_domain_keeps_no_other_from_being_looked_at(
    company: Workspace, owner: User, names: NameServer
) -> None:
    long = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.example"
    claim_domain(workspace=company, domain=long, by=owner, at=AT)
    with system_scope("tests"):
        prove_domain(workspace=company, domain=long, at=AT, is_by_record=True)
    claim(company, owner)
    assert check_due_domains(clock=lambda: AT) == 2
    found = {row.domain: row.claim for row in list_domains(company)}
    assert all(one is not None and one.checked_at == AT for one in found.values())
    assert Notification.objects.get(user=owner).title.endswith("… is missing")


@pytest.mark.parametrize(
    ("domain", "code"),
    [("gmail.com", "domain_public"), ("mail.gmx.de", "domain_public"), ("localhost", "domain_invalid"),
     ("a b.example", "domain_invalid"), ("10.0.0.1", "domain_invalid"), ("x" * 9_000, "too_long")],
)  # fmt: skip
def test_what_is_no_domain_of_a_company_is_refused(
    company: Workspace, owner: User, domain: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        claim_domain(workspace=company, domain=domain, by=owner, at=AT)
    assert (refusal.value.code, DomainClaim.objects.count()) == (code, 0)


def test_claims_have_limits(company: Workspace, owner: User, names: NameServer) -> None:
    with pytest.raises(Conflict) as refusal:
        claim_domain(workspace=personal_workspace(owner), domain=DOMAIN, by=owner, at=AT)
    assert refusal.value.code == "workspace_personal"
    for number in range(CLAIMS):
        claim_domain(workspace=company, domain=f"d{number}.example", by=owner, at=AT)
    assert claim_domain(workspace=company, domain="@D0.example", by=owner, at=AT).domain == "d0.example"
    with pytest.raises(Conflict) as refusal:
        claim_domain(workspace=company, domain=DOMAIN, by=owner, at=AT)
    assert (refusal.value.code, DomainClaim.objects.count()) == ("too_many_domains", CLAIMS)
    assert check_due_domains(clock=lambda: AT + LOOK_FOR) == 0
    row = DomainClaim.objects.first()
    assert row is not None
    for wrong in ({"domain": "D0.EXAMPLE"}, {"outcome": "perhaps"}, {"domain": "d1.example"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DomainClaim.objects.filter(pk=row.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.filter(pk=company.pk).update(domain_joining="all")


def test_a_host_that_became_public_proves_nothing(company: Workspace, owner: User, names: NameServer) -> None:
    made = claim(company, owner)
    DomainClaim.objects.filter(pk=made.pk).update(domain="gmail.com")
    names.texts["_loggia.gmail.com"] = [get_record_text(made)]
    assert check() == (1, "missing", False)


def test_name_servers_are_read_as_they_are_written(settings: Any) -> None:
    texts = ("192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353", "[2001:db8::1]")
    assert [_read_server(text) for text in texts] == [
        ("192.0.2.1", 53), ("192.0.2.1", 5353), ("2001:db8::1", 53), ("2001:db8::1", 5353),
        ("2001:db8::1", 53),
    ]  # fmt: skip
    with run_name_server() as running:
        settings.DNS_SERVERS = [running.place]
        running.texts["empty.example"] = []
        assert (read_texts("empty.example"), read_texts("gone.example")) == ([], [])
        running.code = dns.rcode.REFUSED
        with pytest.raises(LookupFailed):
            read_texts("gone.example")


# Joining ---------------------------------------------------------------------------------------------------
def test_people_at_the_domain_are_offered_to_join(client: Client, company: Workspace, owner: User) -> None:
    ann = make_person()
    with system_scope("tests"):
        prove_domain(workspace=company, domain=DOMAIN, at=AT)
    path = f"/join/domain/{company.slug}"
    client.force_login(ann)
    assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
    open_to(company, owner, "offer")
    assert [(offer.workspace, offer.domain) for offer in list_join_offers(ann)] == [(company, DOMAIN)]
    assert client.get("/join/domain/no-such-place").status_code == 404
    for page in (path, "/w/new", "/settings/"):
        assert company.name in client.get(page).content.decode()
    assert client.post(path).headers["Location"] == f"/w/{company.slug}/"
    assert Member.objects.get(user=ann, workspace=company).role == "member"
    assert list_join_offers(ann) == []
    assert client.get(path).status_code == 404
    event = AuditEvent.objects.get(action="workspaces.member_joined", actor=ann)
    assert event.data == {"role": "member", "user_id": ann.pk, "domain": DOMAIN}


@pytest.mark.parametrize(
    "case", ["not confirmed", "subdomain", "off", "suspended", "released", "removed", "inactive", "full"]
)
def test_who_may_not_join_by_the_domain(company: Workspace, owner: User, case: str) -> None:
    address = f"ann@sub.{DOMAIN}" if case == "subdomain" else f"ann@{DOMAIN}"
    ann = make_person(address, is_email_verified=case != "not confirmed")
    open_to(company, owner, "sign_up")
    if case == "off":
        set_domain_joining(workspace=company, joining="off", by=owner, at=AT)
    elif case == "suspended":
        Workspace.objects.filter(pk=company.pk).update(suspended_at=AT)
    elif case == "released":
        release_domain(workspace=company, domain=DOMAIN, by=owner, at=AT)
    elif case == "removed":
        remove_member(member=join_by_domain(workspace=company, by=ann, at=AT), by=owner, at=AT)
    elif case == "inactive":
        ScimUser.objects.create(
            workspace=company, user_name="ann", email=ann.email, is_active=False, created_at=AT, changed_at=AT
        )
    elif case == "full":
        Workspace.objects.filter(pk=company.pk).update(seats=1)
    codes = {"removed": "removed_here", "inactive": "removed_here", "full": "no_seat"}
    with pytest.raises(DomainError) as refusal:
        join_by_domain(workspace=company, by=ann, at=AT)
    assert refusal.value.code == codes.get(case, "not_your_domain")
    with system_scope("tests"):
        assert join_at_sign_up(user=ann, at=AT) == []
    assert not Member.objects.filter(workspace=company, user=ann).exists()
    if case not in codes:
        with pytest.raises(NotFound):
            access_join_offer(ann, company.slug)


def test_somebody_who_confirms_an_address_is_a_member_at_once(
    client: Client, company: Workspace, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    open_to(company, owner, "sign_up")
    ann, eve = make_person(is_email_verified=False), make_person("eve@else.example", is_email_verified=False)
    for person in (ann, eve):
        address, _made = EmailAddress.objects.get_or_create(
            user=person, email=person.email, defaults={"primary": True}
        )
        request = client.get("/").wsgi_request
        with django_capture_on_commit_callbacks(execute=True):
            address.verified = False
            address.save()
            address.set_verified()
            email_confirmed.send(sender=EmailAddress, request=request, email_address=address)
    assert run_enqueued_jobs() == ["workspaces.join_by_domains"]
    assert set(Member.objects.filter(workspace=company).values_list("user", flat=True)) == {owner.pk, ann.pk}
    [note] = Notification.objects.filter(user=ann)
    assert (note.title, note.url) == (f"You are a member of {company.name} now", f"/w/{company.slug}/")
    set_domain_joining(workspace=company, joining="offer", by=owner, at=AT)
    ben = make_person(f"ben@{DOMAIN}")
    with system_scope("tests"):
        assert [join_at_sign_up(user=ben, at=AT) for _try in range(2)] == [[], []]
    [note] = Notification.objects.filter(user=ben)
    assert (note.title, note.url) == (f"You may join {company.name}", f"/join/domain/{company.slug}")


# Page and API ----------------------------------------------------------------------------------------------
def test_an_admin_adds_checks_and_removes_a_domain(
    client: Client, company: Workspace, owner: User, names: NameServer
) -> None:
    client.force_login(owner)
    base = f"/w/{company.slug}/admin/domains"
    assert client.post(base, {"domain": "gmail.com"}).status_code == 400
    assert client.post(base, {"domain": DOMAIN}).status_code == 302
    page = client.get(base).content.decode()
    made = DomainClaim.objects.get()
    assert f"_loggia.{DOMAIN}" in page and get_record_text(made) in page and "Not proved yet" in page
    names.texts[f"_loggia.{DOMAIN}"] = [get_record_text(made)]
    assert client.post(f"{base}/{DOMAIN}/check").status_code == 302
    assert "The name servers are being asked." in client.get(base).content.decode()
    assert run_outbound_jobs() == 1
    assert "Proved" in client.get(base).content.decode()
    assert client.post(f"{base}/joining", {"joining": "sign_up"}).status_code == 302
    assert client.post(f"{base}/joining", {"joining": "all"}).status_code == 400
    assert Workspace.objects.get(pk=company.pk).domain_joining == "sign_up"
    assert client.post(f"{base}/{DOMAIN}/remove", {"confirmation": "x"}).status_code == 400
    assert ProvedDomain.objects.exists()
    assert client.post(f"{base}/{DOMAIN}/remove", {"confirmation": DOMAIN}).status_code == 302
    assert not (ProvedDomain.objects.exists() or DomainClaim.objects.exists())


def test_the_api_of_domains(company: Workspace, owner: User, names: NameServer) -> None:
    api = ApiClient(owner, workspace=company, scopes=["account"])
    base = f"workspaces/{company.slug}/domains"
    made = api.post(base, {"domain": DOMAIN.upper()})
    text = get_record_text(DomainClaim.objects.get())
    wanted = {
        "domain": DOMAIN, "proved_at": None, "is_proved_by_operator": False,
        "record_name": f"_loggia.{DOMAIN}", "record_text": text, "outcome": "never", "checked_at": None,
        "failing_since": None, "is_checking": False,
    }  # fmt: skip
    assert (made.status_code, made.json()) == (201, wanted)
    assert api.post(f"{base}/{DOMAIN}").json() == wanted | {"is_checking": True}
    assert run_outbound_jobs() == 1
    assert (api.get(f"{base}/{DOMAIN}").json()["outcome"], len(api.get(base).json())) == ("missing", 1)
    joining = f"workspaces/{company.slug}/domain-joining"
    assert api("PUT", joining, {"joining": "offer"}).json() == api.get(joining).json() == {"joining": "offer"}
    assert api("DELETE", f"{base}/{DOMAIN}").status_code == 204
    assert api("DELETE", f"{base}/{DOMAIN}").status_code == 404
    assert api.get(f"{base}/{DOMAIN}").status_code == 404
    with pytest.raises(NotFound):
        access_domain_claim(company, DOMAIN)


def test_the_api_of_joining(company: Workspace, owner: User) -> None:
    ann = make_person()
    own = ApiClient(ann, scopes=["account"])
    # Of a company that Ann is in: it must not take her elsewhere.
    other = create_company(UserFactory.create(), member=ann)
    of_other = ApiClient(ann, workspace=other, scopes=["account"])
    path = f"me/join-offers/{company.slug}"
    assert (own.get("me/join-offers").json(), own.post(path).status_code) == ({"items": []}, 404)
    open_to(company, owner, "offer")
    offer = {"workspace": company.slug, "name": company.name, "kind": company.kind, "domain": DOMAIN}
    assert own.get("me/join-offers").json() == {"items": [offer]}
    for answer in (of_other.get("me/join-offers"), of_other.post(path)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "personal_key_needed")
    assert ApiClient(ann, scopes=["chat"]).post(path).status_code == 403
    assert ApiClient(make_person("bo@else.example"), scopes=["account"]).post(path).status_code == 404
    assert not Member.objects.filter(workspace=company).exclude(user=owner).exists()

    joined = own.post(path)
    assert (joined.status_code, joined.json()) == (201, {"workspace": company.slug, "role": "member"})
    assert Member.objects.get(user=ann, workspace=company).role == "member"
    event = AuditEvent.objects.get(action="workspaces.member_joined", workspace_id=company.pk)
    assert (event.actor_id, event.data["domain"]) == (ann.pk, DOMAIN)
    assert (own.get("me/join-offers").json(), own.post(path).status_code) == ({"items": []}, 404)

    Workspace.objects.filter(pk=company.pk).update(seats=2)
    full = ApiClient(make_person(f"cy@{DOMAIN}"), scopes=["account"]).post(path)
    assert (full.status_code, full.json()["error"]["code"]) == (409, "no_seat")


def test_a_check_whose_domain_was_removed_finds_nothing(
    client: Client, company: Workspace, owner: User, names: NameServer
) -> None:
    claim(company, owner, names)
    client.force_login(owner)
    client.post(f"/w/{company.slug}/admin/domains/{DOMAIN}/check")
    release_domain(workspace=company, domain=DOMAIN, by=owner, at=AT)
    assert (run_outbound_jobs(), names.asked, ProvedDomain.objects.exists()) == (1, [], False)


def test_too_many_tries_to_join_are_refused(company: Workspace, owner: User) -> None:
    ann = make_person()
    codes = set()
    for _try in range(21):
        with pytest.raises(DomainError) as refusal:
            join_by_domain(workspace=company, by=ann, at=AT)
        codes.add((type(refusal.value), refusal.value.code))
    assert (Forbidden, "not_your_domain") in codes and len(codes) == 2
