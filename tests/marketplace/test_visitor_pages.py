"""Cached visitor pages: no content of other people, nothing that was hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from itertools import product
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template.context import Context
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from marketplace.page_cache import (
    EntryInputs,
    build_inputs,
    get_entry,
    invalidate_path,
    invalidate_store,
    store_entry,
)
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
        assert len(fields) == 6  # of the frame, and two of the question
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
    inputs = build_inputs("page", "/g/a")
    for is_known in (False, True):
        version, _nothing = get_entry(inputs)
        assert bool(version.path) == is_known
        with django_capture_on_commit_callbacks(execute=True):
            change()
        store_entry(inputs, version, b"old", seconds=60)

        assert get_entry(inputs)[1] is None
        store_entry(inputs, get_entry(inputs)[0], b"new", seconds=60)
        assert get_entry(inputs)[1] == b"new"


def test_an_evicted_version_makes_no_entry_valid_again(django_capture_on_commit_callbacks: Any) -> None:
    """The cache may drop any key at any time: what was hidden must stay hidden."""
    inputs = build_inputs("page", "/g/a")
    store_entry(inputs, get_entry(inputs)[0], b"hidden later", seconds=60)
    with django_capture_on_commit_callbacks(execute=True):
        invalidate_path("/g/a")
    for key in list_keys("store:public:stamp*"):
        cache.delete(key)
        assert get_entry(inputs)[1] is None


# What a page depends on ---------------------------------------------------------------------------------


def test_every_input_makes_another_key() -> None:
    inputs = build_inputs("page", "/g/a", query="sort=new", theme="dark")
    other = {field.name: getattr(inputs, field.name) + "x" for field in fields(EntryInputs)}

    keys = {replace(inputs, **{name: value}).build_key() for name, value in other.items()}

    assert len(keys | {inputs.build_key()}) == len(other) + 1
    assert {*other} == {"name", "path", "query", "language", "theme", "base_url", "release", "tenant"}
    assert all(key.startswith(("store:public:", "store:publicx:")) for key in keys)


def test_inputs_do_not_run_into_each_other() -> None:
    inputs = build_inputs("page", "/g/a", query="b")

    assert inputs.build_key() != replace(inputs, path="/g/ab", query="").build_key()
    assert inputs.build_key() != replace(inputs, path="/g/", query="ab").build_key()


VARIED: dict[str, dict[str, Any]] = {
    "another page": {"path": "/leaderboards"},
    "a parameter": {"path": "/categories/writing?sort=new"},
    "the language": {"headers": {"Accept-Language": "zh-hans"}},
    "the theme": {"cookies": {"loggia_theme": "dark"}},
    "the base URL": {"settings": {"BASE_URL": "https://store.example.org"}},
}


@pytest.mark.parametrize("what", VARIED)
def test_what_changes_a_page_changes_its_key(what: str, settings: Any) -> None:
    def ask(**change: Any) -> set[str]:
        for name, value in change.get("settings", {}).items():
            setattr(settings, name, value)
        client = Client(headers={"Accept-Language": "en", **change.get("headers", {})})
        for name, value in change.get("cookies", {}).items():
            client.cookies[name] = value
        before = list_pages()
        assert client.get(change.get("path", "/categories/writing")).status_code == 200
        return list_pages() - before

    assert len(ask()) == 1
    assert ask() == set()
    assert len(ask(**VARIED[what])) >= 1


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"HX-Request": "true"}},
        {"cookies": {"loggia_session": "abc"}},
        {"cookies": {"messages": "abc"}},
        {"path": "/categories/writing?utm=1"},
        {"path": "/categories/writing?sort=best"},
        {"path": "/categories/writing?sort=NEW"},
        {"path": "/categories/writing?sort=ne%77"},
        {"path": "/categories/writing?sort=new&sort=new"},
        {"path": "/categories/writing?sort=new&x"},
        {"path": "/categories/writing?sort=new&"},
        {"path": "/categories/writing?a=" + "x" * 400},
        {"path": "/categories/writing?cursor=" + "A" * 40},
        {"path": "/categories/no-such"},
        {"path": "/g/no-such"},
        {"path": "/g/no-such?cursor=x"},
        {"path": "/builders/no-such"},
    ],
)
def test_invented_addresses_leave_nothing_in_the_cache(change: dict[str, Any]) -> None:
    client = Client(headers={"Accept-Language": "en", **change.get("headers", {})})
    for name, value in change.get("cookies", {}).items():
        client.cookies[name] = value

    client.get(change.get("path", "/categories/writing"))

    assert list_keys("*") <= {"store:public:stamp"}


def test_a_typed_cursor_leaves_nothing_in_the_cache_of_a_page_without_ratings() -> None:
    slug = make_listing().slug
    answers = [Client().get(f"/g/{slug}?cursor={number}") for number in range(5)]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert len(list_pages()) == 1  # the facts of the listing


def test_unknown_hosts_and_hosts_share_a_page_without_naming_either() -> None:
    slug = make_listing().slug
    first = Client(headers={"Host": "first.example"}).get(f"/g/{slug}").content.decode()
    second = Client(headers={"Host": "second.example"}).get(f"/g/{slug}").content.decode()

    assert "first.example" not in first + second
    assert "second.example" not in first + second
    assert f'content="http://localhost:8000/g/{slug}"' in second


@pytest.mark.parametrize("path", ["/", "/leaderboards", "/categories/writing?utm=1", "/search?q=a"])
def test_pages_tell_other_caches_what_ours_depends_on(path: str) -> None:
    for _turn in ("rendered", "from the cache"):
        vary = {name.strip() for name in Client().get(path).headers["Vary"].split(",")}
        assert {"Accept-Language", "Cookie", "HX-Request"} <= vary
    client = Client()
    client.force_login(UserFactory.create())
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "private, no-store"


def list_keys(pattern: str) -> set[str]:
    """Return the names of the cache's keys, without Django's prefix and version."""
    with redis.Redis.from_url(settings.CACHE_URL, decode_responses=True) as client:
        return {key.split(":", 2)[2] for key in client.keys(f":1:{pattern}")}


def list_pages() -> set[str]:
    return {key for key in list_keys("store:public:*") if not key.startswith("store:public:stamp")}


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
            assert str(listing_card(Context(), card)) == drawn


def test_text_in_a_filled_card_is_escaped() -> None:
    drawn = str(listing_card(Context(), CardFactory.build(name=EVIL, tagline=EVIL, builder_name=EVIL)))

    assert "<img src=x" not in drawn
    assert drawn.count("card-url-71f3b8") == 3
    assert drawn.count('href="/g/slug"') == 1
