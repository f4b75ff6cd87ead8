"""Cached visitor pages: no content of other people, nothing that was hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from marketplace.page_cache import get_entry, invalidate_path, invalidate_store, store_entry
from marketplace.services.builders import upsert_builder_profile
from marketplace.services.listings import publish_listing
from marketplace.services.ratings import hide_rating, show_rating
from marketplace.templatetags.store import listing_card
from tests.support.factories.marketplace import CardFactory, RatingFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_listing, make_version

pytestmark = pytest.mark.django_db

EVIL = '"><img src=x onerror=alert(1)>{{ 7|add:7 }} card-url-71f3b8 frame-token-5e0c7a'


def page(url: str, language: str = "en", theme: str = "") -> str:
    client = Client(headers={"Accept-Language": language})
    if theme:
        client.cookies["loggia_theme"] = theme
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def count_one_rating(listing: Any) -> None:
    type(listing.score).objects.filter(pk=listing.pk).update(stars_1=1, rating_count=1, rating_sum=1)


def test_pages_are_cached_for_each_language_and_theme() -> None:
    url = f"/g/{make_listing().slug}"
    wanted = list(product(("en", "zh-hans"), ("", "light", "dark")))

    first = [page(url, language, theme) for language, theme in wanted]
    again = [page(url, language, theme) for language, theme in wanted]

    for (language, theme), text, kept in zip(wanted, first, again, strict=True):
        for one in (text, kept):
            assert ('<html lang="zh-hans"' in one) == (language == "zh-hans")
            assert re.findall(r'<html lang="[^"]*"(?: data-theme="(\w+)")?>', one) == [theme]
            assert re.findall(r'value="(light|dark)" aria-pressed="true"', one) == [theme] * 2 * bool(theme)


def test_every_form_of_the_frame_has_the_responses_own_token_and_url() -> None:
    slug = make_listing().slug
    for address in (f"/g/{slug}", f"/g/{slug}?from=mail&amp=1", f"/g/{slug}"):
        text = page(address)
        fields = re.findall(r'name="csrfmiddlewaretoken" value="([^"]*)"', text)
        assert len(fields) == 4
        assert len(set(fields)) == 1
        assert re.fullmatch(r"\w{64}", fields[0])
        shown = address.replace("&", "&amp;")
        assert re.findall(r'name="next" value="([^"]*)"', text) == [shown] * 4
        assert "5e0c7a" not in text


def test_the_search_text_is_escaped_and_not_in_other_pages() -> None:
    text = Client().get("/search", {"q": EVIL}).content.decode()

    assert "<img src=x" not in text
    assert ">14" not in text
    assert "frame-token-5e0c7a" in text  # the search text is shown, not filled in
    assert 'id="site-search" type="search" name="q" value=""' in page("/")


def test_a_person_and_a_visitor_never_see_each_others_page() -> None:
    listing, person = make_listing(), UserFactory.create(display_name="Visiblename")
    url = f"/g/{listing.slug}"
    signed_in = Client()
    signed_in.force_login(person)

    for _turn in range(2):
        assert "Visiblename" not in page(url)
        mine = signed_in.get(url)
        assert "Visiblename" in mine.content.decode()
        assert "/accounts/login/" not in mine.content.decode()
        assert mine.headers["Cache-Control"] == "private, no-store"


def test_what_moderation_hides_is_gone_from_every_address_at_once(
    django_capture_on_commit_callbacks: Any,
) -> None:
    listing = make_listing()
    rating = RatingFactory.create(
        listing=listing, user=UserFactory.create(display_name="Rea"), text="Nasty words", stars=1
    )
    count_one_rating(listing)
    urls = [f"/g/{listing.slug}", f"/g/{listing.slug}?from=mail"]
    for url, language in product(urls, ("en", "zh-hans")):
        assert "Nasty words" in page(url, language)

    with django_capture_on_commit_callbacks(execute=True):
        hide_rating(rating=rating, by=None, at=NOW, reason="Test.")
    for url, language in product(urls, ("en", "zh-hans")):
        assert "Nasty words" not in page(url, language)

    with django_capture_on_commit_callbacks(execute=True):
        show_rating(rating=rating, by=None, at=NOW)
    assert "Nasty words" in page(urls[0])


def test_a_rating_invalidates_only_its_own_page(django_capture_on_commit_callbacks: Any) -> None:
    rated, other = make_listing(name="Rated one"), make_listing(name="Other one")
    rating = RatingFactory.create(
        listing=rated, user=UserFactory.create(display_name="Rea"), text="Words", stars=1
    )
    count_one_rating(rated)
    page(f"/g/{rated.slug}")
    page(f"/g/{other.slug}")

    with django_capture_on_commit_callbacks(execute=True):
        hide_rating(rating=rating, by=None, at=NOW, reason="Test.")

    assert is_cached(f"/g/{other.slug}")
    assert not is_cached(f"/g/{rated.slug}")


def is_cached(url: str) -> bool:
    with CaptureQueriesContext(connection) as captured:
        page(url)
    return not captured.captured_queries


def test_a_new_name_of_gpt_or_builder_is_shown_at_once(django_capture_on_commit_callbacks: Any) -> None:
    owner = UserFactory.create(display_name="Ada")
    listing = make_listing(owner=owner, name="Old name")
    urls = ("/", f"/g/{listing.slug}", "/categories/writing", "/leaderboards")
    for url in urls:
        assert "Old name" in page(url)

    listing.gpt.name = "New name"
    listing.gpt.save()
    with django_capture_on_commit_callbacks(execute=True):
        publish_listing(gpt=listing.gpt, version=make_version(listing.gpt), by=None, at=NOW)
        upsert_builder_profile(user=owner, handle="countess", display_name="Countess", by=owner, at=NOW)
    for url in urls:
        assert "Old name" not in page(url)
        assert "New name" in page(url)
    assert 'href="/builders/countess">Countess' in page(f"/g/{listing.slug}")


@pytest.mark.parametrize("change", [invalidate_store, partial(invalidate_path, "/g/a")])
def test_an_entry_built_before_a_change_is_invalid(
    change: Callable[[], None], django_capture_on_commit_callbacks: Any
) -> None:
    stamp, _nothing = get_entry("page:a", "en", path="/g/a")
    with django_capture_on_commit_callbacks(execute=True):
        change()
    store_entry("page:a", "en", stamp, b"old", seconds=60)

    assert get_entry("page:a", "en", path="/g/a")[1] is None
    store_entry("page:a", "en", get_entry("page:a", "en", path="/g/a")[0], b"new", seconds=60)
    assert get_entry("page:a", "en", path="/g/a")[1] == b"new"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_filled_card_equals_the_rendered_template(language: str) -> None:
    with translation.override(language):
        for icon, verified, rated, used, users in product(
            ("", "icons/ab.webp"), (True, False), (0, 17, 4), (0, 999, 12_345), (0, 1, 30)
        ):
            card = CardFactory.build(
                icon=icon, builder_verified=verified, rating_count=rated, rating_sum=rated * 4 + rated // 2,
                conversations_total=used, users_28d=users, category_rank=users // 10,
            )  # fmt: skip
            drawn = render_to_string("components/card_listing.html", {"item": card})
            assert str(listing_card(card)) == drawn


def test_text_in_a_filled_card_is_escaped() -> None:
    drawn = str(listing_card(CardFactory.build(name=EVIL, tagline=EVIL, builder_name=EVIL)))

    assert "<img src=x" not in drawn
    assert drawn.count("card-url-71f3b8") == 3
    assert drawn.count('href="/g/slug"') == 1
