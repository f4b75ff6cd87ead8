"""About, rating and reporting a GPT from the menu of a chat with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from gpts.assistants.models import GPT
from marketplace.models import Rating
from marketplace.services.listings import delist_listing
from tests.support.chat import create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_finished_turn, make_listing
from tests.support.pages import sign_in

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Target": "rate"}


def get_stars() -> list[tuple[int, str]]:
    return list(Rating.objects.values_list("stars", "text"))


def test_only_chats_with_a_listed_gpt_have_the_entries() -> None:
    reader = UserFactory.create()
    listing = make_listing()
    turn = make_finished_turn(reader, listing)
    unlisted = create_conversation(reader, gpt=create_public_gpt())
    client = sign_in(reader)

    def has_entries(path: str, slug: str) -> bool:
        page = client.get(path).content.decode()
        found = [f'href="/g/{slug}{end}"' in page for end in ("", "/rating", "/report")]
        assert len(set(found)) == 1
        return found[0]

    assert has_entries(f"/c/{turn.conversation_id}", listing.slug)
    assert has_entries(f"/g/{listing.slug}/chat", listing.slug)
    assert not has_entries(f"/c/{unlisted.pk}", unlisted.gpt.slug)
    delist_listing(listing=listing, by=None, at=timezone.now(), reason="test")
    assert not has_entries(f"/c/{turn.conversation_id}", listing.slug)


def test_a_rating_in_the_dialog_stays_there_and_the_page_works_without_it() -> None:
    reader, listing = UserFactory.create(), make_listing(name="Essay coach")
    make_finished_turn(reader, listing)
    client, url = sign_in(reader), f"/g/{listing.slug}/rating"

    def post(path: str, **body: Any) -> tuple[int, str, str]:
        answer = client.post(path, body | {"place": "chat"}, headers=HTMX)
        return answer.status_code, answer.content.decode(), answer.headers.get("HX-Redirect", "")

    dialog = client.get(url, headers={"HX-Request": "true"}).content.decode().strip()
    assert dialog.startswith("<dialog")
    assert "Rate Essay coach" in dialog
    assert 'name="place" value="chat"' in dialog
    status, text, elsewhere = post(url, stars="9", text="x")
    assert (status, elsewhere, get_stars()) == (200, "", [])
    assert "field__error" in text
    status, text, elsewhere = post(url, stars="4", text="Good.")
    assert (status, elsewhere, get_stars()) == (200, "", [(4, "Good.")])
    assert "Your rating is saved." in text
    assert "Save rating" in text
    status, text, elsewhere = post(f"{url}/delete")
    assert (status, elsewhere, get_stars()) == (200, "", [])
    assert "Your rating is removed." in text

    assert "<title>Your rating · Essay coach" in client.get(url).content.decode()
    answer = client.post(url, {"stars": "5", "text": ""})
    assert (answer.status_code, answer["Location"]) == (302, f"/g/{listing.slug}#ratings")
    about = client.post(url, {"stars": "3", "text": ""}, headers=HTMX)
    assert (about.status_code, about["HX-Redirect"]) == (204, f"/g/{listing.slug}#ratings")
    assert get_stars() == [(3, "")]


def test_who_may_not_rate_is_told_why_and_saves_nothing() -> None:
    listing = make_listing()
    url = f"/g/{listing.slug}/rating"
    for person in (UserFactory.create(), listing.publisher):
        client = sign_in(person)
        dialog = client.get(url, headers={"HX-Request": "true"}).content.decode()
        assert "<dialog" in dialog
        assert 'name="stars"' not in dialog
        assert client.post(url, {"stars": "5", "place": "chat"}, headers=HTMX).status_code == 403
    assert Client().get(url)["Location"].startswith("/accounts/login/")
    private = GPT(slug="nothing")
    assert sign_in(UserFactory.create()).get(f"/g/{private.slug}/rating").status_code == 404
    assert get_stars() == []
