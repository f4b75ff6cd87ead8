"""Ratings: who may rate, the listing's counts, invalid input."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.errors import DomainError, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from gpts.llm.states import TurnState
from marketplace.models import ListingScore, Rating
from marketplace.queries import get_about, list_ratings
from marketplace.services.ratings import delete_rating, hide_rating, rate_listing, show_rating
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_finished_turn, make_listing
from workspaces.models import Member
from workspaces.states import Role

pytestmark = pytest.mark.django_db


def figures(listing: Any) -> tuple[int, int, list[int]]:
    score = ListingScore.objects.get(pk=listing.pk)
    return score.rating_count, score.rating_sum, [getattr(score, f"stars_{n}") for n in range(1, 6)]


def test_a_user_rates_changes_and_deletes_their_rating() -> None:
    listing, reader = make_listing(), UserFactory.create(display_name="Rea")
    make_finished_turn(reader, listing)

    rate_listing(listing=listing, stars=4, text=" Good. ", by=reader, at=NOW)
    assert figures(listing) == (1, 4, [0, 0, 0, 1, 0])

    rate_listing(listing=listing, stars=2, text="Less good.", by=reader, at=NOW + timedelta(days=1))

    assert figures(listing) == (1, 2, [0, 1, 0, 0, 0])
    rating = Rating.objects.get()
    assert (rating.text, rating.author_name, rating.version_number) == ("Less good.", "Rea", 1)
    assert AuditEvent.objects.filter(action="marketplace.rating_written").count() == 2

    delete_rating(listing=listing, by=reader, at=NOW)
    assert figures(listing) == (0, 0, [0, 0, 0, 0, 0])
    with pytest.raises(NotFound):
        delete_rating(listing=listing, by=reader, at=NOW)


def test_the_publisher_a_colleague_and_a_stranger_are_refused() -> None:
    listing = make_listing()
    colleague, stranger, stopped, previewer = (
        UserFactory.create(),
        UserFactory.create(),
        UserFactory.create(),
        UserFactory.create(),
    )
    Member.objects.create(workspace=listing.workspace, user=colleague, role=Role.MEMBER, joined_at=NOW)
    for person in (listing.publisher, colleague):
        make_finished_turn(person, listing)
    make_finished_turn(stopped, listing, state=TurnState.FAILED)
    make_finished_turn(previewer, listing, version_id=None)
    make_finished_turn(stranger, make_listing(name="Another"))

    for person, obstacle in (
        (listing.publisher, "own"),
        (colleague, "colleague"),
        (stranger, "unused"),
        (stopped, "unused"),
        (previewer, "unused"),
    ):
        with pytest.raises(Forbidden) as refused:
            rate_listing(listing=listing, stars=5, text="", by=person, at=NOW)
        assert refused.value.data == {"obstacle": obstacle}
    assert not Rating.objects.exists()
    assert figures(listing) == (0, 0, [0, 0, 0, 0, 0])


@pytest.mark.parametrize(
    ("stars", "text", "field"),
    [(0, "", "stars"), (6, "", "stars"), (3, "x" * 1001, "text")],
)
def test_bad_input_writes_nothing(stars: int, text: str, field: str) -> None:
    listing, reader = make_listing(), UserFactory.create()
    make_finished_turn(reader, listing)

    with pytest.raises(DomainError) as refused:
        rate_listing(listing=listing, stars=stars, text=text, by=reader, at=NOW)

    assert isinstance(refused.value, InvalidInput)
    assert refused.value.field == field
    assert not Rating.objects.exists()


def test_control_characters_of_pasted_text_are_dropped() -> None:
    listing, reader = make_listing(), UserFactory.create()
    make_finished_turn(reader, listing)

    rate_listing(listing=listing, stars=3, text="a\x07b\x1b[31mc", by=reader, at=NOW)

    assert Rating.objects.get().text == "abc"


def test_a_hidden_rating_is_neither_shown_nor_counted_and_comes_back() -> None:
    listing, reader = make_listing(), UserFactory.create()
    make_finished_turn(reader, listing)
    rating = rate_listing(listing=listing, stars=1, text="Spam", by=reader, at=NOW)

    for _twice in range(2):
        hide_rating(rating=rating, by=None, at=NOW, reason="Spam.")
    assert list_ratings(listing.pk).items == []
    assert figures(listing)[0] == 0
    rate_listing(listing=listing, stars=5, text="Spam again", by=reader, at=NOW)
    assert figures(listing)[0] == 0

    for _twice in range(2):
        show_rating(rating=rating, by=None, at=NOW)
    assert figures(listing) == (1, 5, [0, 0, 0, 0, 1])


def test_no_average_below_five_ratings() -> None:
    listing = make_listing()
    for number in range(5):
        assert get_about(listing.slug).rating_average is None
        assert get_about(listing.slug).missing_ratings == 5 - number
        reader = UserFactory.create()
        make_finished_turn(reader, listing)
        rate_listing(listing=listing, stars=4 if number else 5, text="", by=reader, at=NOW)

    assert get_about(listing.slug).rating_average == pytest.approx(4.2)
    assert get_about(listing.slug).histogram[0] == (5, 1, 20.0)


def test_ratings_are_paginated_without_user_ids() -> None:
    listing = make_listing()
    for number in range(12):
        reader = UserFactory.create(display_name=f"Reader{number}")
        make_finished_turn(reader, listing)
        rate_listing(
            listing=listing, stars=3, text=str(number), by=reader, at=NOW + timedelta(minutes=number)
        )

    first = list_ratings(listing.pk)
    second = list_ratings(listing.pk, cursor=first.next_cursor)

    assert [rating.text for rating in first.items + second.items] == [str(n) for n in range(11, -1, -1)]
    assert "user_id" in first.items[0].get_deferred_fields()
