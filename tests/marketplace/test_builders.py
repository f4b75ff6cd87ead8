"""Builder profiles, shelves, private stores, deleted GPTs and synthetic listings."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from core.errors import Conflict, InvalidInput
from gpts.assistants.services.gpts import delete_gpt
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from marketplace.models import BuilderProfile, Listing, Shelf
from marketplace.queries.header import HeaderFacts, get_header_facts
from marketplace.services.builders import clean_website, upsert_builder_profile
from marketplace.services.listings import delist_deleted_gpts, delist_listing
from marketplace.services.shelves import Recommendation, set_shelf
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_gpt, make_listing, make_version
from workspaces.services.members import add_member
from workspaces.services.notifications import notify
from workspaces.services.workspaces import create_workspace
from workspaces.states import Role

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def test_a_changed_name_reaches_listings_and_loses_its_verification() -> None:
    owner = UserFactory.create()
    listing = make_listing(owner=owner)
    upsert_builder_profile(
        user=owner, handle="Ada", display_name="Ada L", by=None, at=NOW, verified_name=True
    )
    listing.refresh_from_db()
    assert (listing.builder_handle, listing.builder_name, listing.builder_verified) == ("Ada", "Ada L", True)

    upsert_builder_profile(user=owner, handle="ada", display_name="Someone else", by=owner, at=NOW)

    listing.refresh_from_db()
    assert (listing.builder_name, listing.builder_verified) == ("Someone else", False)


@pytest.mark.parametrize(
    ("handle", "code"),
    [
        ("ab", "handle_invalid"),
        ("-ada", "handle_invalid"),
        ("ada l", "handle_invalid"),
        ("林小姐", "handle_invalid"),
        ("Admin", "handle_reserved"),
        ("l0ggia", "handle_reserved"),
        ("me", "handle_invalid"),
        ("", "required"),
    ],
)
def test_handles_that_are_refused(handle: str, code: str) -> None:
    user = UserFactory.create()

    with pytest.raises(InvalidInput) as refused:
        upsert_builder_profile(user=user, handle=handle, display_name="A", by=user, at=NOW)

    assert (refused.value.code, refused.value.field) == (code, "handle")
    assert not BuilderProfile.objects.exists()


def test_a_taken_handle_is_refused_in_any_case() -> None:
    first, second = UserFactory.create(), UserFactory.create()
    upsert_builder_profile(user=first, handle="ada", display_name="A", by=first, at=NOW)

    with pytest.raises(Conflict) as refused:
        upsert_builder_profile(user=second, handle="ADA", display_name="B", by=second, at=NOW)

    assert refused.value.code == "handle_taken"
    assert BuilderProfile.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    ["http://a.example", "javascript:alert(1)", "https://", "https://a", "https://u:p@a.example", 'https://a.b/"x',
     "https://a.example:8080"],
)  # fmt: skip
def test_websites_that_are_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        clean_website(address)


def test_profile_form_keeps_the_input() -> None:
    user = UserFactory.create()
    client = Client()
    client.force_login(user)

    bad = client.post("/builders/me/edit", {"handle": "admin", "display_name": "Kept name"})
    assert (bad.status_code, "Kept name" in bad.content.decode()) == (400, True)
    good = client.post("/builders/me/edit", {"handle": "ada", "display_name": "Ada"})
    assert (good.status_code, good.headers["Location"]) == (302, "/builders/ada")


def test_shelf_refusals() -> None:
    listing, gone = make_listing(), make_listing()
    delist_listing(listing=gone, by=None, at=NOW, reason="x")
    gone.refresh_from_db()
    week = TODAY + timedelta(days=7)
    for entries, ends_on in (
        ([], week),
        ([Recommendation(gone, "Good.")], week),
        ([Recommendation(listing, "")], week),
        ([Recommendation(listing, "Good.")], TODAY),
        ([Recommendation(listing, "a"), Recommendation(listing, "b")], week),
    ):
        with pytest.raises((InvalidInput, Conflict)):
            set_shelf(title="W", starts_on=TODAY, ends_on=ends_on, entries=entries, by=None, at=NOW)
    assert not Shelf.objects.exists()

    for reason in ("First.", "Second."):
        set_shelf(
            title="W",
            starts_on=TODAY,
            ends_on=week,
            entries=[Recommendation(listing, reason)],
            by=None,
            at=NOW,
        )
    assert [entry.reason for entry in Shelf.objects.get().entries.all()] == ["Second."]


def test_a_deleted_gpt_leaves_the_store() -> None:
    listing, staying = make_listing(), make_listing()
    delete_gpt(gpt=listing.gpt, typed_name=listing.name, is_under_review=False, by=listing.publisher, at=NOW)

    assert delist_deleted_gpts(at=NOW) == 1
    assert delist_deleted_gpts(at=NOW) == 0
    assert set(Listing.objects.filter(state="listed")) == {staying}


def test_a_private_store_is_for_its_members() -> None:
    owner, member, stranger = UserFactory.create(), UserFactory.create(), UserFactory.create()
    company = create_workspace(name="Acme X", slug="acme-x", by=owner, at=NOW)
    add_member(workspace=company, user=member, role=Role.MEMBER, by=owner, at=NOW)
    shared = make_gpt(owner=owner, workspace=company, name="Travel desk")
    set_live_version(gpt=shared, version=make_version(shared), audience=Audience.WORKSPACE, at=NOW)
    draft = make_gpt(owner=owner, workspace=company, name="Unfinished thing")
    make_version(draft)

    def get(person: object, query: str = "") -> tuple[int, str]:
        client = Client()
        client.force_login(person)  # type: ignore[arg-type]
        answer = client.get(f"/w/acme-x/{query}")
        return answer.status_code, answer.content.decode()

    status, page = get(member)
    assert (status, "Travel desk" in page, "Unfinished thing" in page) == (200, True, False)
    assert "Travel desk" not in get(member, "?q=nothing")[1]
    status, page = get(stranger)
    assert (status, "Travel desk" in page) == (404, False)
    assert Client().get("/w/acme-x/").status_code == 302
    assert "Travel desk" not in Client().get("/search?q=travel").content.decode()


def test_synthetic_listings_are_deterministic_and_added_up_to_the_count() -> None:
    call_command("seed_catalogue", "12", stdout=StringIO())
    first = list(Listing.objects.order_by("slug").values_list("slug", "name", "category", "builder_handle"))
    call_command("seed_catalogue", "12", stdout=StringIO())
    assert Listing.objects.count() == 12
    call_command("seed_catalogue", "20", stdout=StringIO())

    after = list(Listing.objects.order_by("slug").values_list("slug", "name", "category", "builder_handle"))
    assert (len(after), after[:12]) == (20, first)
    assert len({row[2] for row in after}) == 7
    assert Listing.objects.filter(updated_at__gt=timezone.now()).count() == 0


# Where a builder finds the own page ----------------------------------------------------------------------


def test_settings_and_menu_lead_to_the_page_of_those_who_have_one() -> None:
    builder, other = UserFactory.create(), UserFactory.create()
    upsert_builder_profile(user=builder, handle="ada", display_name="Ada L", by=builder, at=NOW)
    for index in range(3):
        notify(user=builder, kind="test", title=f"Note {index}", body="", url="", at=NOW)

    pages = {}
    for person in (builder, other):
        client = Client()
        client.force_login(person)
        pages[person] = client.get("/settings/").content.decode()

    assert pages[builder].count('href="/builders/ada"') == 2  # the menu and the page
    assert "3 unread notifications" in pages[builder]
    assert 'href="/builders/ada"' not in pages[other]
    assert "unread notification" not in pages[other]
    for text in pages.values():
        assert text.count('href="/builders/me/edit"') == 2


def test_the_header_reads_its_facts_in_one_query(django_assert_num_queries: Any) -> None:
    builder = UserFactory.create()
    assert get_header_facts(builder) == HeaderFacts(0, "")
    upsert_builder_profile(user=builder, handle="ada", display_name="Ada L", by=builder, at=NOW)
    notify(user=builder, kind="test", title="Note", body="", url="", at=NOW)
    notify(user=UserFactory.create(), kind="test", title="Other", body="", url="", at=NOW)

    with django_assert_num_queries(1):
        assert get_header_facts(builder) == HeaderFacts(1, "ada")
