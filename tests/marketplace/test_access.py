"""Who may fetch a listing, and who may rate it."""

from __future__ import annotations

import pytest

from core.errors import NotFound
from gpts.llm.states import TurnState
from marketplace.access import access_listing, get_own_profile, get_own_rating, get_rating_obstacle
from marketplace.services.listings import delist_listing, quarantine_listing
from marketplace.states import RatingObstacle
from tests.support.factories.marketplace import BuilderProfileFactory, RatingFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_finished_turn, make_gpt, make_listing
from workspaces.models import Member
from workspaces.states import Role

pytestmark = pytest.mark.django_db


def test_a_listing_in_the_store_is_found_by_its_slug() -> None:
    listing = make_listing()

    assert access_listing(listing.slug) == listing


def test_hidden_private_and_unknown_listings_look_the_same() -> None:
    delisted, quarantined = make_listing(), make_listing()
    delist_listing(listing=delisted, by=None, at=NOW, reason="Test.")
    quarantine_listing(listing=quarantined, by=None, at=NOW)

    errors = set()
    for slug in (delisted.slug, quarantined.slug, make_gpt().slug, "unknown", "a\x00b"):
        with pytest.raises(NotFound) as caught:
            access_listing(slug)
        errors.add((caught.value.code, str(caught.value.message)))

    assert len(errors) == 1


def test_the_publisher_may_not_rate() -> None:
    listing = make_listing()
    make_finished_turn(listing.publisher, listing)

    assert get_rating_obstacle(listing.publisher, listing) is RatingObstacle.OWN


def test_a_colleague_may_not_rate() -> None:
    listing, colleague = make_listing(), UserFactory.create(display_name="Cole")
    Member.objects.create(workspace=listing.workspace, user=colleague, role=Role.MEMBER, joined_at=NOW)
    make_finished_turn(colleague, listing)

    assert get_rating_obstacle(colleague, listing) is RatingObstacle.COLLEAGUE


def test_a_person_may_rate_after_a_finished_turn() -> None:
    listing, reader = make_listing(), UserFactory.create(display_name="Rea")
    assert get_rating_obstacle(reader, listing) is RatingObstacle.UNUSED

    make_finished_turn(reader, listing, state=TurnState.FAILED)
    assert get_rating_obstacle(reader, listing) is RatingObstacle.UNUSED

    make_finished_turn(reader, listing)
    assert get_rating_obstacle(reader, listing) is None


def test_own_rating_and_profile_are_those_of_the_person() -> None:
    listing, person = make_listing(), UserFactory.create(display_name="Rea")
    RatingFactory.create(listing=listing, user=UserFactory.create(display_name="Other"))
    BuilderProfileFactory.create(user=listing.publisher)
    assert (get_own_rating(person, listing), get_own_profile(person)) == (None, None)

    rating = RatingFactory.create(listing=listing, user=person)
    profile = BuilderProfileFactory.create(user=person)

    assert (get_own_rating(person, listing), get_own_profile(person)) == (rating, profile)


def test_a_suspended_builder_rates_nothing() -> None:
    listing, person = make_listing(), UserFactory.create()
    person.publishing_suspended_at = NOW

    assert get_rating_obstacle(person, listing) == RatingObstacle.SUSPENDED
