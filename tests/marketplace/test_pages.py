"""Store pages: access, escaping, query counts, and that hiding is immediate."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.models import Listing, Rating
from marketplace.services.builders import upsert_builder_profile
from marketplace.services.listings import delist_listing, quarantine_listing, restore_listing
from marketplace.services.shelves import Recommendation, set_shelf
from marketplace.web.visitor_pages import NONCE_PLACEHOLDER, _fill_placeholders
from tests.support.factories.marketplace import RatingFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_finished_turn, make_gpt, make_listing, make_version
from tests.support.pages import sign_in

pytestmark = pytest.mark.django_db

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7|add:7 }}{% now 'Y' %}",
    "';alert(1)//",
]


def test_a_visitor_sees_all_store_pages(client: Client) -> None:
    listing = make_listing()

    for url in ("/", "/search?q=essay", "/categories/writing", "/leaderboards", f"/g/{listing.slug}"):
        answer = client.get(url)
        assert (answer.status_code, "Essay coach" in answer.content.decode()) == (200, True), url
        assert settings.SESSION_COOKIE_NAME not in answer.cookies, url


def test_about_says_what_it_does_and_keeps_secrets(client: Client) -> None:
    listing = make_listing(capabilities=["web_search"])

    page = client.get(f"/g/{listing.slug}").content.decode()

    assert "<title>Essay coach · Store · Loggia</title>" in page
    assert "May search the web with words from your messages." in page
    assert "Not enough ratings yet" in page
    assert f'href="/g/{listing.slug}/report"' in page
    assert f"next=%2Fg%2F{listing.slug}%2Fchat" in page
    assert 'property="og:title" content="Essay coach"' in page
    assert "Secret instructions" not in page


def test_unknown_private_delisted_and_quarantined_look_the_same(client: Client) -> None:
    private = make_gpt(name="Private thing")
    make_version(private)
    delisted, quarantined = make_listing(), make_listing()
    delist_listing(listing=delisted, by=None, at=NOW, reason="Test.")
    quarantine_listing(listing=quarantined, by=None, at=NOW)

    answers = [
        client.get(f"/g/{slug}") for slug in ("unknown", private.slug, delisted.slug, quarantined.slug)
    ]

    def bare(answer: Any, slug: str) -> str:
        text = re.sub(
            r'nonce="[^"]*"|X-CSRFToken": "[^"]*"|value="[A-Za-z0-9]{64}"', "", answer.content.decode()
        )
        return text.replace(slug, "")

    assert {answer.status_code for answer in answers} == {404}
    slugs = ("unknown", private.slug, delisted.slug, quarantined.slug)
    assert len({bare(answer, slug) for answer, slug in zip(answers, slugs, strict=True)}) == 1


def test_quarantine_hides_at_once_although_pages_are_cached(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    listing = make_listing(name="Fleeting helper")
    places = ("/", f"/g/{listing.slug}", "/categories/writing", "/leaderboards", "/search?q=fleeting")
    for url in places * 2:
        assert b"Fleeting helper" in client.get(url).content

    with django_capture_on_commit_callbacks(execute=True):
        quarantine_listing(listing=listing, by=None, at=NOW)
    for url in places:
        assert b"Fleeting helper" not in client.get(url).content, url

    with django_capture_on_commit_callbacks(execute=True):
        restore_listing(listing=listing, by=None, at=NOW)
    for url in places:
        assert b"Fleeting helper" in client.get(url).content, url


def test_a_cached_page_has_a_nonce_and_a_token_of_its_own(client: Client) -> None:
    make_listing()
    pages = [Client().get("/") for _time in range(3)]

    texts = [page.content.decode() for page in pages]
    tokens = [re.findall(r'X-CSRFToken": "(\w+)"', text) for text in texts]

    assert len({token for (token,) in tokens}) == 3
    for text, page in zip(texts, pages, strict=True):
        assert "of-this-answer" not in text
        for nonce in set(re.findall(r'nonce="([^"]+)"', text)):
            assert f"'nonce-{nonce}'" in page.headers["Content-Security-Policy"]


def test_the_nonce_placeholder_is_filled_in(rf: Any) -> None:
    request = rf.get("/")
    request.csp_nonce = "fresh"

    assert (
        _fill_placeholders(request, f'<style nonce="{NONCE_PLACEHOLDER}">'.encode())
        == b'<style nonce="fresh">'
    )


def test_a_cached_page_is_never_given_to_a_person() -> None:
    listing, person = make_listing(), UserFactory.create(display_name="Visiblename")
    Client().get("/")
    mine = sign_in(person).get("/")
    again = Client().get("/")

    assert "Visiblename" in mine.content.decode()
    assert "Visiblename" not in again.content.decode()
    assert "no-store" in mine.headers["Cache-Control"]
    assert listing.name in mine.content.decode()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped(client: Client, text: str) -> None:
    listing = make_listing(name=text[:50], description=text, starters=[text])
    RatingFactory.create(listing=listing, user=UserFactory.create(), author_name=text[:70], text=text)

    for url in ("/", f"/g/{listing.slug}", "/search?q=alert", f"/search?q={text}", "/categories/writing"):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert ">14" not in page


def test_search_answers_page_and_fragment_from_the_same_address(client: Client) -> None:
    make_listing()

    page = client.get("/search?q=essay").content.decode()
    fragment = client.get("/search?q=ess", headers={"HX-Request": "true"}).content.decode()

    assert "<html" in page
    assert "<html" not in fragment
    assert "Essay coach" in fragment


def test_search_shows_its_correction_or_that_it_found_nothing(client: Client) -> None:
    make_listing()

    corrected = client.get("/search?q=esay").content.decode()
    nothing = client.get("/search?q=qqqqzzzz").content.decode()

    assert "Showing results for <strong>essay</strong>" in corrected
    assert "Nothing found for “qqqqzzzz”" in nothing


@pytest.mark.parametrize("url", ["/categories/games", "/builders/nobody", "/g/a%00b", "/search?q=a%00b"])
def test_bad_addresses(client: Client, url: str) -> None:
    assert client.get(url).status_code in (400, 404)


@pytest.mark.parametrize("url", ["/search?q=essay&cursor=nonsense", "/categories/writing?cursor=nonsense"])
def test_bad_cursors_are_a_clear_400(client: Client, url: str) -> None:
    make_listing()

    assert client.get(url).status_code == 400


def count_queries(url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert Client().get(url).status_code == 200
    texts = [query["sql"].strip("( \n") for query in captured.captured_queries]
    return sum(text.startswith(("SELECT", "WITH", "EXPLAIN")) for text in texts)


# With one row, search also looks for a spelling suggestion, and About for similar listings.
@pytest.mark.parametrize(
    ("url", "with_one", "with_three"),
    [
        ("/", 4, 4),
        ("/search?q=essay", 5, 4),
        ("/categories/writing", 1, 1),
        ("/leaderboards", 1, 1),
        ("/g/{slug}", 4, 3),
        ("/builders/ada", 2, 2),
    ],
)
def test_queries_do_not_grow_with_rows(url: str, with_one: int, with_three: int) -> None:
    owner = UserFactory.create()
    upsert_builder_profile(user=owner, handle="ada", display_name="Ada", by=owner, at=NOW)
    address = url.format(slug=make_listing(owner=owner).slug)
    assert count_queries(address) == with_one

    make_listing(owner=owner)
    make_listing(owner=owner)
    cache.clear()

    assert count_queries(address) == with_three
    assert count_queries(address) == (with_three if "search" in url else 0)


def test_rating_by_form(client: Client, django_capture_on_commit_callbacks: Any) -> None:
    listing, reader = make_listing(), UserFactory.create(display_name="Rea")
    mine = sign_in(reader)
    assert "Chat with this GPT first" in mine.get(f"/g/{listing.slug}").content.decode()
    make_finished_turn(reader, listing)

    bad = mine.post(f"/g/{listing.slug}/rating", {"stars": "9", "text": "Kept words"})
    assert (bad.status_code, "Kept words" in bad.content.decode()) == (400, True)
    assert not Rating.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        good = mine.post(f"/g/{listing.slug}/rating", {"stars": "4", "text": "Helped me."})
    assert (good.status_code, good.headers["Location"]) == (302, f"/g/{listing.slug}#ratings")
    assert "Helped me." in client.get(f"/g/{listing.slug}").content.decode()

    mine.post(f"/g/{listing.slug}/rating/delete")
    assert not Rating.objects.exists()


def test_a_visitor_cannot_rate(client: Client) -> None:
    listing = make_listing()

    answer = client.post(f"/g/{listing.slug}/rating", {"stars": "5"})

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(
        settings.LOGIN_URL if settings.LOGIN_URL[0] == "/" else "/accounts/"
    )
    assert not Rating.objects.exists()


def test_the_shelf_shows_the_reason(client: Client) -> None:
    listing = make_listing()
    today = timezone.now().date()
    set_shelf(
        title="For writers", title_zh="写作者之选", starts_on=today, ends_on=today + timedelta(days=7),
        entries=[Recommendation(listing, "Asks before it writes.", "先问再写。")], by=None, at=NOW,
    )  # fmt: skip

    assert "Asks before it writes." in client.get("/").content.decode()
    chinese = client.get("/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "先问再写。" in chinese
    assert "写作者之选" in chinese


def test_builder_page(client: Client) -> None:
    owner = UserFactory.create()
    upsert_builder_profile(
        user=owner, handle="Ada", display_name="Ada L", website="https://ada.example", by=owner, at=NOW
    )
    make_listing(owner=owner)

    page = client.get("/builders/aDA").content.decode()

    assert "Ada L" in page
    assert "Essay coach" in page
    assert Listing.objects.get().builder_handle == "Ada"
