"""The store over HTTP: exact keys, scopes, own ratings."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from marketplace.models import Rating
from marketplace.services.builders import upsert_builder_profile
from marketplace.services.listings import quarantine_listing
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_finished_turn, make_gpt, make_listing, make_version
from workspaces.access import personal_workspace
from workspaces.models import User
from workspaces.services.api_keys import create_api_key

pytestmark = pytest.mark.django_db

CARD_KEYS = {
    "slug", "name", "tagline", "category", "icon_url", "builder_name", "builder_verified", "rating_average",
    "rating_count",
    "conversations", "users_28d", "score", "category_rank", "why",
    "is_allowed",
}  # fmt: skip
ABOUT_KEYS = (CARD_KEYS - {"is_allowed"}) | {
    "refusal",
    "description", "starters", "capabilities", "model", "has_knowledge", "languages", "version",
    "published_at",
    "updated_at", "builder_handle", "releases",
}  # fmt: skip


def api(user: User, *scopes: str) -> Client:
    _key, plain = create_api_key(
        user=user, workspace=personal_workspace(user), name="test", scopes=list(scopes), by=user, at=NOW
    )
    return Client(headers={"Authorization": f"Bearer {plain}"})


def test_only_public_keys_leave() -> None:
    listing = make_listing()
    client = api(UserFactory.create(), "store:read")

    found = client.get("/api/v1/store/listings/?q=essay").json()
    about = client.get(f"/api/v1/store/listings/{listing.slug}/").json()

    assert set(found) == {
        "items", "next_cursor", "found", "is_more", "shown_for", "suggestion", "is_partial",
    }  # fmt: skip
    assert set(found["items"][0]) == CARD_KEYS
    assert set(about) == ABOUT_KEYS
    assert set(about["releases"][0]) == {"number", "notes", "released_at"}
    assert "Secret instructions" not in str(about)


def test_scopes_and_keys(client: Client) -> None:
    make_listing()
    paths = ("listings/", "categories/", "leaderboards/")

    for path in paths:
        assert client.get(f"/api/v1/store/{path}").status_code == 401
        assert api(UserFactory.create(), "account").get(f"/api/v1/store/{path}").status_code == 403
        assert api(UserFactory.create(), "store:read").get(f"/api/v1/store/{path}").status_code == 200


def test_hidden_and_unknown_are_the_same_404() -> None:
    private, hidden = make_gpt(), make_listing()
    make_version(private)
    quarantine_listing(listing=hidden, by=None, at=NOW)
    client = api(UserFactory.create(), "store:read")

    answers: list[Any] = [
        client.get(f"/api/v1/store/listings/{slug}/") for slug in ("unknown", private.slug, hidden.slug)
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_own_rating() -> None:
    listing, reader = make_listing(), UserFactory.create(display_name="Rea")
    client = api(reader, "store:read", "chat")
    url = f"/api/v1/store/listings/{listing.slug}/ratings/"
    refused = client.put(url, {"stars": 5}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "rating_refused")
    make_finished_turn(reader, listing)

    saved = client.put(url, {"stars": 5, "text": "Yes."}, content_type="application/json")
    assert (saved.status_code, saved.json()["stars"]) == (200, 5)
    assert set(client.get(url).json()["items"][0]) == {
        "author_name",
        "stars",
        "text",
        "version",
        "updated_at",
    }

    body: Any
    for body in ({"stars": 0}, {"stars": "many"}, {}, [], {"stars": 3, "text": "x" * 1001}):
        assert client.put(url, body, content_type="application/json").status_code == 400
    assert Rating.objects.get().stars == 5
    assert api(reader, "store:read").delete(url).status_code == 403
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404


@pytest.mark.parametrize("query", ["category=games", "q=essay&cursor=nonsense"])
def test_bad_queries(query: str) -> None:
    make_listing()

    answer = api(UserFactory.create(), "store:read").get(f"/api/v1/store/listings/?{query}")

    assert answer.status_code == 400


def test_builder_by_handle() -> None:
    owner = UserFactory.create()
    upsert_builder_profile(user=owner, handle="ada", display_name="Ada", by=owner, at=NOW)
    make_listing(owner=owner)
    client = api(UserFactory.create(), "store:read")

    found = client.get("/api/v1/store/builders/ADA/").json()

    assert set(found) == {
        "handle", "display_name", "bio", "website", "is_verified", "items", "next_cursor", "previous_cursor",
    }  # fmt: skip
    assert [item["name"] for item in found["items"]] == ["Essay coach"]
    assert client.get("/api/v1/store/builders/nobody/").status_code == 404
