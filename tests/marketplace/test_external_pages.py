"""Pages and API about GPTs from outside: a member asks on About, admins decide, strangers see nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import NotFound
from core.scope import open_scope
from gpts.assistants.models import GPT, Adoption, AdoptionRequest
from marketplace.access import access_external_gpt
from marketplace.models import Listing
from marketplace.services.listings import publish_listing
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.external import allow_approved, approve
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_listing, make_version
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import scope_for
from workspaces.models import Group, User, Workspace

pytestmark = pytest.mark.django_db

REASON = "For the letters to our guests."


@pytest.fixture
def member() -> User:
    return UserFactory.create(display_name="Mia")


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def company(owner: User, member: User) -> Workspace:
    company = create_company(owner, member=member)
    allow_approved(company)
    return company


@pytest.fixture
def listing() -> Listing:
    return make_listing(name="Harbour", instructions="SECRET instructions.")


def publish_second(listing: Listing) -> None:
    gpt = GPT.objects.get(pk=listing.gpt_id)
    GPT.objects.filter(pk=gpt.pk).update(name="Harbour Two", instructions="OTHER SECRET instructions.")
    gpt.refresh_from_db()
    publish_listing(gpt=gpt, version=make_version(gpt, notes="Speaks of tides."), by=None, at=NOW)


def test_a_member_asks_on_about_and_an_admin_approves(
    member: User, owner: User, company: Workspace, listing: Listing
) -> None:
    mine, admin = sign_in(member), sign_in(owner)
    about, place = f"/g/{listing.slug}", f"/w/{company.slug}/external/{listing.slug}"
    page = mine.get(about).content.decode()
    assert "Ask for approval" in page
    assert "Start chat" not in page
    told = mine.post(place, {"reason": "short"}, follow=True).content.decode()
    assert "Give a reason of at least 10 characters." in told
    page = mine.post(place, {"reason": REASON}, follow=True).content.decode()
    assert "You have asked for it." in page
    assert "Ask for approval" not in page
    base = f"/w/{company.slug}/admin/external"
    assert mine.get(base).status_code == 403
    listed = admin.get(base).content.decode()
    assert REASON in listed
    assert "lets members use only the GPTs that are approved here" in listed
    one = f"{base}/{listing.slug}"
    assert admin.get(f"{base}?gpt=https://store.example/g/{listing.slug}/")["Location"] == one
    assert admin.get(f"{base}?gpt=nothing").status_code == 404
    today = timezone.localdate()
    form = {
        "act": "approve",
        "version": "1",
        "audience": "everyone",
        "expires": str(today + timedelta(days=90)),
        "recertify": str(today + timedelta(days=91)),
    }
    refused = admin.post(one, form)
    assert refused.status_code == 400
    assert "The next look must come before the end." in refused.content.decode()
    assert not Adoption.objects.exists()
    assert admin.post(one, form | {"recertify": str(today + timedelta(days=30))}).status_code == 302
    assert "Start chat" in mine.get(about).content.decode()
    # A newer version: shown as differences without what is secret, and the pin is moved.
    publish_second(listing)
    page = admin.get(one).content.decode()
    assert "Version 2 is in the store, your members get version 1" in page
    assert "Speaks of tides." in page
    assert "<ins>Harbour Two</ins>" in page
    assert "SECRET" not in page
    assert "New version" in admin.get(base).content.decode()
    moved = form | {"version": "2", "recertify": str(today + timedelta(days=30))}
    assert admin.post(one, moved).status_code == 302
    assert Adoption.objects.get().version.number == 2
    # Blocked with a reason that members read; lifted; expired says when.
    assert admin.post(one, {"act": "block", "note": "It leaks letters."}).status_code == 302
    page = mine.get(about).content.decode()
    assert "It leaks letters." in page
    assert "Ask for approval" not in page
    assert admin.post(one, {"act": "withdraw"}).status_code == 302
    assert admin.post(one, {"act": "nonsense"}).status_code == 400
    approve(company, GPT.objects.get(pk=listing.gpt_id), 2)
    Adoption.objects.update(state="expired", expires_at=timezone.now() - timedelta(days=1))
    page = mine.get(about).content.decode()
    assert "The approval ended on" in page
    assert "Ask for approval" in page


def test_a_refusal_is_told_and_requests_are_taken_back(
    member: User, owner: User, company: Workspace, listing: Listing
) -> None:
    mine, admin = sign_in(member), sign_in(owner)
    place = f"/w/{company.slug}/external/{listing.slug}"
    mine.post(place, {"reason": REASON})
    asked = AdoptionRequest.objects.get()
    url = f"/w/{company.slug}/admin/external/requests/{asked.pk}"
    page = admin.post(url, {"answer": "We have our own."}, follow=True).content.decode()
    assert "Refused. The person was told." in page
    page = mine.get(f"/g/{listing.slug}").content.decode()
    assert "We have our own." in page
    mine.post(place, {"reason": REASON})
    mine.post(place, {"act": "withdraw"})
    assert [one.state for one in AdoptionRequest.objects.order_by("pk")] == ["refused", "withdrawn"]
    for slug in ("a\x00b", "x" * 201):
        with open_scope(scope_for(User.objects.get(pk=owner.pk))), pytest.raises(NotFound):
            access_external_gpt(company, slug)
    # Strangers and other companies find nothing.
    stranger = sign_in(UserFactory.create())
    assert stranger.post(place, {"reason": REASON}).status_code == 404
    assert stranger.get(f"/w/{company.slug}/admin/external").status_code == 404
    other = UserFactory.create()
    elsewhere = create_company(other)
    rival = sign_in(other)
    assert rival.post(f"/w/{elsewhere.slug}/admin/external/requests/{asked.pk}", {}).status_code == 404


def test_the_api_does_the_same(member: User, owner: User, company: Workspace, listing: Listing) -> None:
    mine = ApiClient(member, scopes=("account",), workspace=company)
    admin = ApiClient(owner, scopes=("account",), workspace=company)
    base = f"workspaces/{company.slug}/external"
    made = mine.post(f"{base}/requests", {"gpt": listing.slug, "reason": REASON})
    assert (made.status_code, made.json()["state"], made.json()["name"]) == (201, "open", "Harbour")
    again = mine.post(f"{base}/requests", {"gpt": listing.slug, "reason": REASON})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_requested")
    assert [one["reason"] for one in admin.get(f"{base}/requests").json()["items"]] == [REASON]
    assert mine.get(base).status_code == 403
    group = Group.objects.create(workspace=company, name="Sailors", created_at=NOW)
    now = timezone.now()
    body = {
        "state": "approved",
        "version": 1,
        "groups": [group.pk],
        "expires_at": (now + timedelta(days=90)).isoformat(),
        "recertify_at": (now + timedelta(days=30)).isoformat(),
    }
    one = f"{base}/gpts/{listing.slug}"
    assert admin.put(one, body | {"groups": [group.pk + 1]}).json()["error"]["code"] == "unknown_group"
    assert admin.put(one, {"state": "approved"}).json()["error"]["field"] == "version"
    done = admin.put(one, body).json()
    assert (done["state"], done["version"], done["groups"]) == ("approved", 1, [group.pk])
    publish_second(listing)
    found = admin.get(base).json()["items"]
    assert [(item["version"], item["public_version"], item["name"]) for item in found] == [
        (1, 2, "Harbour Two")
    ]
    assert mine.get(f"{base}/requests").json()["items"][0]["state"] == "approved"
    assert admin.put(one, {"state": "blocked", "note": "It leaks."}).json()["note"] == "It leaks."
    assert admin.put(one, {"state": "blocked", "note": "It leaks."}).status_code == 409
    assert admin.put(one, {"state": "withdrawn"}).json()["state"] == "withdrawn"
    second = mine.post(f"{base}/requests", {"gpt": listing.slug, "reason": REASON}).json()["id"]
    assert admin("DELETE", f"{base}/requests/{second}").status_code == 404
    assert mine("DELETE", f"{base}/requests/{second}").status_code == 204
    assert admin.post(f"{base}/requests/{second}", {"answer": "No."}).status_code == 404
