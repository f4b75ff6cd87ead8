"""Pages that visitors share from the cache: never another's words, never what has been taken away."""

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

from marketplace.cards import Card
from marketplace.models import Rating
from marketplace.page_cache import get_entry, invalidate_path, invalidate_store, store_entry
from marketplace.services.builders import upsert_builder_profile
from marketplace.services.listings import publish_listing
from marketplace.services.ratings import hide_rating, show_rating
from marketplace.templatetags.store import listing_card
from tests.marketplace.stage import NOW, a_listing, a_user, a_version

pytestmark = pytest.mark.django_db

EVIL = '"><img src=x onerror=alert(1)>{{ 7|add:7 }} card-url-71f3b8 frame-token-5e0c7a'


def page(url: str, language: str = "en", theme: str = "") -> str:
    client = Client(headers={"Accept-Language": language})
    if theme:
        client.cookies["loggia_theme"] = theme
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def a_rating(listing: Any, text: str) -> Rating:
    reader = a_user("Rea")
    return Rating.objects.create(
        listing=listing, user=reader, author_name=reader.display_name, stars=1, text=text, version_number=1,
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def counted(listing: Any) -> None:
    type(listing.score).objects.filter(pk=listing.pk).update(stars_1=1, rating_count=1, rating_sum=1)


def test_language_and_theme_have_pages_of_their_own() -> None:
    url = f"/g/{a_listing().slug}"
    wanted = list(product(("en", "zh-hans"), ("", "light", "dark")))

    first = [page(url, language, theme) for language, theme in wanted]
    again = [page(url, language, theme) for language, theme in wanted]

    for (language, theme), text, kept in zip(wanted, first, again, strict=True):
        for one in (text, kept):
            assert ('<html lang="zh-hans"' in one) == (language == "zh-hans")
            assert re.findall(r'<html lang="[^"]*"(?: data-theme="(\w+)")?>', one) == [theme]
            assert re.findall(r'value="(light|dark)" aria-pressed="true"', one) == [theme] * 2 * bool(theme)


def test_each_answer_has_its_own_token_and_address_in_every_form_of_the_frame() -> None:
    slug = a_listing().slug
    for address in (f"/g/{slug}", f"/g/{slug}?from=mail&amp=1", f"/g/{slug}"):
        text = page(address)
        fields = re.findall(r'name="csrfmiddlewaretoken" value="([^"]*)"', text)
        assert len(fields) == 4
        assert len(set(fields)) == 1
        assert re.fullmatch(r"\w{64}", fields[0])
        shown = address.replace("&", "&amp;")
        assert re.findall(r'name="next" value="([^"]*)"', text) == [shown] * 4
        assert "5e0c7a" not in text


def test_the_search_text_in_the_header_is_the_readers_and_inert() -> None:
    text = Client().get("/search", {"q": EVIL}).content.decode()

    assert "<img src=x" not in text
    assert ">14" not in text
    assert "frame-token-5e0c7a" in text  # what was typed is shown, not filled
    assert 'id="site-search" type="search" name="q" value=""' in page("/")


def test_a_person_and_a_visitor_never_see_each_others_page() -> None:
    listing, person = a_listing(), a_user("Visible Name")
    url = f"/g/{listing.slug}"
    signed_in = Client()
    signed_in.force_login(person)

    for _turn in range(2):
        assert "Visible Name" not in page(url)
        mine = signed_in.get(url)
        assert "Visible Name" in mine.content.decode()
        assert "/accounts/login/" not in mine.content.decode()
        assert mine.headers["Cache-Control"] == "private, no-store"


def test_what_moderation_hides_is_gone_from_every_address_at_once(
    django_capture_on_commit_callbacks: Any,
) -> None:
    listing = a_listing()
    rating = a_rating(listing, "Nasty words")
    counted(listing)
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


def test_a_rating_voids_its_own_page_and_no_other(django_capture_on_commit_callbacks: Any) -> None:
    rated, other = a_listing(name="Rated one"), a_listing(name="Other one")
    rating = a_rating(rated, "Words")
    counted(rated)
    page(f"/g/{rated.slug}")
    page(f"/g/{other.slug}")

    with django_capture_on_commit_callbacks(execute=True):
        hide_rating(rating=rating, by=None, at=NOW, reason="Test.")

    assert is_kept(f"/g/{other.slug}")
    assert not is_kept(f"/g/{rated.slug}")


def is_kept(url: str) -> bool:
    with CaptureQueriesContext(connection) as captured:
        page(url)
    return not captured.captured_queries


def test_a_new_name_of_gpt_or_builder_stands_at_once(django_capture_on_commit_callbacks: Any) -> None:
    owner = a_user("Ada")
    listing = a_listing(owner=owner, name="Old name")
    urls = ("/", f"/g/{listing.slug}", "/categories/writing", "/leaderboards")
    for url in urls:
        assert "Old name" in page(url)

    listing.gpt.name = "New name"
    listing.gpt.save()
    with django_capture_on_commit_callbacks(execute=True):
        publish_listing(gpt=listing.gpt, version=a_version(listing.gpt), by=None, at=NOW)
        upsert_builder_profile(user=owner, handle="countess", display_name="Countess", by=owner, at=NOW)
    for url in urls:
        assert "Old name" not in page(url)
        assert "New name" in page(url)
    assert 'href="/builders/countess">Countess' in page(f"/g/{listing.slug}")


@pytest.mark.parametrize("change", [invalidate_store, partial(invalidate_path, "/g/a")])
def test_what_was_built_before_a_change_and_kept_after_it_is_void(
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
def test_a_filled_card_is_exactly_what_the_template_draws(language: str) -> None:
    with translation.override(language):
        for icon, verified, rated, used, users in product(
            ("", "icons/ab.webp"), (True, False), (0, 17, 4), (0, 999, 12_345), (0, 1, 30)
        ):
            card = a_card(icon=icon, verified=verified, rated=rated, used=used, users=users)
            drawn = render_to_string("components/card_listing.html", {"item": card})
            assert str(listing_card(card)) == drawn


def test_typed_text_in_a_filled_card_stays_text() -> None:
    drawn = str(listing_card(a_card(name=EVIL, tagline=EVIL, builder=EVIL)))

    assert "<img src=x" not in drawn
    assert drawn.count("card-url-71f3b8") == 3
    assert drawn.count('href="/g/slug"') == 1


def a_card(
    *, name: str = "Essay coach", tagline: str = "Asks <first>.", builder: str = "Ada", icon: str = "",
    verified: bool = False, rated: int = 0, used: int = 0, users: int = 0,
) -> Card:  # fmt: skip
    return Card(
        id=1, slug="slug", name=name, tagline=tagline, icon=icon, category="writing", builder_name=builder,
        builder_verified=verified, popularity=1.0, rating_count=rated, rating_sum=rated * 4 + rated // 2,
        conversations_total=used, users_28d=users, users_7d=0, rank=0, category_rank=users // 10,
        trend_rank=0, previous_trend_rank=0, previous_category_rank=0, previous_rank=0,
    )  # fmt: skip
