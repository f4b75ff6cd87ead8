"""Every database constraint of the store, and the rights of the public role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.scope import public_reader
from marketplace.models import (
    Listing,
    ListingRelease,
    ListingScore,
    SearchTerm,
)
from tests.support.factories.marketplace import (
    BuilderProfileFactory,
    RatingFactory,
    ShelfEntryFactory,
    ShelfFactory,
)
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_listing

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def refused(constraint: str, write: Any) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write()


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("marketplace_listing_state", {"state": "hidden"}),
        ("marketplace_listing_state_before", {"state": "quarantined", "state_before": ""}),
        ("marketplace_listing_state_before", {"state_before": "listed"}),
        ("marketplace_listing_category", {"category": "games"}),
        ("marketplace_listing_name", {"name": ""}),
        ("marketplace_listing_moments", {"updated_at": NOW - timedelta(days=1)}),
        ("marketplace_listing_popularity", {"popularity": 100.5}),
        ("marketplace_listing_popularity", {"popularity": -1}),
    ],
)
def test_listing(constraint: str, changes: dict[str, Any]) -> None:
    listing = make_listing()

    refused(constraint, lambda: Listing.objects.filter(pk=listing.pk).update(**changes))


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("marketplace_score_range", {"score": 101}),
        ("marketplace_score_range", {"score": -1}),
        ("marketplace_score_rating_count", {"rating_count": 1}),
        ("marketplace_score_rating_sum", {"stars_4": 1, "rating_count": 1, "rating_sum": 5}),
        ("marketplace_score_windows", {"users_7d": 2, "users_28d": 1}),
        ("marketplace_score_windows", {"conversations_7d": 2, "conversations_28d": 1}),
    ],
)
def test_score(constraint: str, changes: dict[str, Any]) -> None:
    listing = make_listing()

    refused(constraint, lambda: ListingScore.objects.filter(pk=listing.pk).update(**changes))


def test_release_is_unique() -> None:
    listing = make_listing()

    refused(
        "marketplace_release_once",
        lambda: ListingRelease.objects.create(listing=listing, number=1, released_at=NOW),
    )


def test_rating() -> None:
    listing, reader = make_listing(), UserFactory.create()
    refused("marketplace_rating_stars", lambda: RatingFactory.create(listing=listing, user=reader, stars=0))
    refused("marketplace_rating_stars", lambda: RatingFactory.create(listing=listing, user=reader, stars=6))
    RatingFactory.create(listing=listing, user=reader)
    refused("marketplace_rating_once", lambda: RatingFactory.create(listing=listing, user=reader))


def test_builder_profile() -> None:
    BuilderProfileFactory.create(user=UserFactory.create(), handle="Ada-L")
    for constraint, changes in (
        ("marketplace_builder_handle", {"handle": "ada-l"}),
        ("marketplace_builder_handle_form", {"handle": "ab"}),
        ("marketplace_builder_handle_form", {"handle": "-ada"}),
        ("marketplace_builder_handle_form", {"handle": "ada l"}),
        ("marketplace_builder_website", {"handle": "bob", "website": "http://a.example"}),
        ("marketplace_builder_verified_website", {"handle": "bob", "verified_website_at": NOW}),
    ):
        user = UserFactory.create()
        refused(
            constraint, lambda user=user, changes=changes: BuilderProfileFactory.create(user=user, **changes)
        )


def test_shelf() -> None:
    listing, other = make_listing(), make_listing()
    tomorrow = TODAY + timedelta(days=1)
    shelf = ShelfFactory.create(starts_on=TODAY)
    refused("marketplace_shelf_dates", lambda: ShelfFactory.create(starts_on=tomorrow, ends_on=tomorrow))
    refused("marketplace_shelf_start", lambda: ShelfFactory.create(starts_on=TODAY))
    ShelfEntryFactory.create(shelf=shelf, listing=listing, position=1)
    for constraint, fields in (
        ("marketplace_shelfentry_listing", {"listing": listing, "position": 2, "reason": "x"}),
        ("marketplace_shelfentry_position", {"listing": other, "position": 1, "reason": "x"}),
        ("marketplace_shelfentry_reason", {"listing": other, "position": 2, "reason": ""}),
    ):
        refused(constraint, lambda fields=fields: ShelfEntryFactory.create(shelf=shelf, **fields))


def test_term() -> None:
    refused("marketplace_term_not_empty", lambda: SearchTerm.objects.create(term="", trigrams=[]))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM workspaces_user",
        "SELECT * FROM gpts_gpt",
        "SELECT * FROM gpts_version",
        "SELECT * FROM gpts_message",
        "SELECT * FROM gpts_usageevent",
        "SELECT * FROM core_auditevent",
        "SELECT * FROM django_session",
        "SELECT publisher_id FROM marketplace_listing",
        "SELECT workspace_id FROM marketplace_listing",
        "SELECT gpt_id FROM marketplace_listing",
        "SELECT user_id FROM marketplace_rating",
        "SELECT user_id FROM marketplace_builderprofile",
        "SELECT created_by_id FROM marketplace_shelf",
        "UPDATE marketplace_listing SET name = 'x'",
        "DELETE FROM marketplace_rating",
        "INSERT INTO marketplace_searchterm VALUES ('x', '{}', 1)",
        "TRUNCATE marketplace_listing CASCADE",
        "CREATE TABLE mine (id int)",
    ],
)
def test_the_public_role_is_denied(statement: str) -> None:
    make_listing()

    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        public_reader(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_public_role_reads_the_store() -> None:
    listing = make_listing()

    with public_reader(), connection.cursor() as cursor:
        cursor.execute("SELECT slug, name FROM marketplace_listing")
        assert cursor.fetchall() == [(listing.slug, listing.name)]
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("loggia_public",)
