"""Rows of the store that no service writes in this form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from marketplace.cards import Card
from marketplace.models import BuilderProfile, Rating, Shelf, ShelfEntry

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


class RatingFactory(DjangoModelFactory[Rating]):
    """A rating without a finished turn. Name ``listing`` and ``user``."""

    class Meta:
        model = Rating

    author_name = factory.SelfAttribute("user.display_name")
    stars = 5
    text = ""
    version_number = 1
    created_at = NOW
    updated_at = NOW


class BuilderProfileFactory(DjangoModelFactory[BuilderProfile]):
    """An unverified profile. Name ``user``."""

    class Meta:
        model = BuilderProfile

    handle = factory.Sequence(lambda number: f"builder-{number}")
    display_name = "Ada"
    created_at = NOW
    updated_at = NOW


class ShelfFactory(DjangoModelFactory[Shelf]):
    """A shelf of one week without entries."""

    class Meta:
        model = Shelf

    title = "For writers"
    starts_on = NOW.date()
    ends_on = factory.LazyAttribute(lambda shelf: shelf.starts_on + timedelta(days=7))
    created_at = NOW


class ShelfEntryFactory(DjangoModelFactory[ShelfEntry]):
    """Name ``shelf`` and ``listing``."""

    class Meta:
        model = ShelfEntry

    position = 1
    reason = "Good."


class CardFactory(factory.Factory[Card]):
    """A card without ratings and use."""

    class Meta:
        model = Card

    id = 1
    slug = "slug"
    name = "Essay coach"
    tagline = "Asks <first>."
    icon = ""
    category = "writing"
    builder_name = "Ada"
    builder_verified = False
    popularity = 1.0
    rating_count = 0
    rating_sum = 0
    conversations_total = 0
    users_28d = 0
    users_7d = 0
    rank = 0
    category_rank = 0
    trend_rank = 0
    previous_trend_rank = 0
    previous_category_rank = 0
    previous_rank = 0
