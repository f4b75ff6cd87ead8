"""The store's first page: what is new and good enough, nothing twice, the reader's language first."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from marketplace.models import Listing, ListingScore
from marketplace.queries import get_storefront
from marketplace.services.shelves import Recommendation, set_shelf
from tests.support.marketplace import NOW, make_listing

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 10)


def make_scored(
    name: str, *, days: int, users: int = 5, stars: tuple[int, ...] = (), **draft: Any
) -> Listing:
    """List a GPT ``days`` ago, used by ``users`` people and rated with ``stars``."""
    listing = make_listing(name=name, at=NOW - timedelta(days=days), **draft)
    counts = {f"stars_{value}": stars.count(value) for value in range(1, 6)}
    ListingScore.objects.filter(listing=listing).update(
        users_28d=users, rating_count=len(stars), rating_sum=sum(stars), **counts
    )
    return listing


def fill_category(count: int = 4) -> None:
    """Old and popular ones, so that the new ones of the category do not fit into its row."""
    for number in range(count):
        old = make_scored(f"Old {number}", days=90)
        Listing.objects.filter(pk=old.pk).update(popularity=50)


def list_noteworthy(language: str = "en") -> list[str]:
    return [card.name for card in get_storefront(today=TODAY, language=language).noteworthy]


def test_new_and_noteworthy_is_by_date_above_a_floor() -> None:
    fill_category()
    make_scored("Day nine", days=9)
    make_scored("Day two, loved", days=2, stars=(5, 5, 5, 5, 5))
    make_scored("At the floor", days=30, stars=(3, 4, 3, 4, 3, 4))
    make_scored("Below the stars", days=1, stars=(3, 4, 3, 4, 3, 3))
    make_scored("One bad rating", days=3, stars=(1,))
    make_scored("Four people", days=1, users=4)
    make_scored("A day too old", days=31, users=500)

    assert list_noteworthy() == ["Day two, loved", "One bad rating", "Day nine", "At the floor"]


def test_new_and_noteworthy_is_hidden_when_nothing_qualifies(client: Client) -> None:
    fill_category()
    make_scored("Four people", days=1, users=4)

    page = client.get("/").content.decode()

    assert list_noteworthy() == []
    assert 'id="new"' not in page and "The store is still empty" not in page
    assert "Old 0" in page


def test_an_empty_store_says_so(client: Client) -> None:
    assert "The store is still empty" in client.get("/").content.decode()


def test_no_gpt_is_on_the_page_twice(client: Client) -> None:
    listings = [make_scored(f"Tool {number}", days=number % 20) for number in range(24)]
    for rank, listing in enumerate(listings[:12], start=1):
        ListingScore.objects.filter(listing=listing).update(trend_rank=rank)
        Listing.objects.filter(pk=listing.pk).update(popularity=99 - rank)
    set_shelf(
        title="Week", title_zh="", starts_on=TODAY - timedelta(days=1), ends_on=TODAY + timedelta(days=9000),
        entries=[Recommendation(listings[0], "Good.", "")], by=None, at=NOW,
    )  # fmt: skip

    front = get_storefront(today=TODAY, language="en")
    rows = [
        front.shelf.cards if front.shelf else [],
        front.trending,
        front.categories[0][1],
        front.noteworthy,
    ]
    names = [card.name for row in rows for card in row]
    page = client.get("/").content.decode()
    linked = re.findall(r'class="listing-(?:card|row)__link" href="([^"]+)"', page)

    assert [len(row) for row in rows] == [1, 10, 4, 4]
    assert len(set(names)) == len(names)
    assert len(set(linked)) == len(linked) >= 15
    # The one on the shelf leaves its place in Trending to the next.
    assert [card.name for card in front.trending] == [f"Tool {number}" for number in range(1, 11)]


@pytest.mark.parametrize(
    ("language", "first"), [("en", ["English", "中文助手"]), ("zh-hans", ["中文助手", "English"])]
)
def test_the_readers_language_comes_first(language: str, first: list[str]) -> None:
    english = make_scored("English", days=90)
    chinese = make_scored("中文助手", days=90, description="把初稿改成得体的通知。")
    Listing.objects.filter(pk=english.pk).update(popularity=60)
    Listing.objects.filter(pk=chinese.pk).update(popularity=40)

    ((_category, cards),) = get_storefront(today=TODAY, language=language).categories

    assert [card.name for card in cards] == first


def test_why_here_is_shown_on_demand(client: Client) -> None:
    make_scored("Known", days=90, users=9)

    page = client.get("/").content.decode()

    assert re.search(r'<details class="listing-card__why">\s*<summary><svg[^>]* aria-label="Why here"', page)
