"""Synthetic listings for benchmarks: loaded in the worker's role, which may not create temporary tables."""

from __future__ import annotations

import pytest

from gpts.assistants.models import LiveVersion
from gpts.metering.models import UsageEvent
from marketplace.models import Listing, ListingScore, Rating, SearchTerm
from marketplace.services.scores import compute_scores
from marketplace.synthetic.load import load_synthetic_listings
from tests.support.times import AT

pytestmark = pytest.mark.django_db


def test_a_catalogue_is_loaded_with_use_and_ratings_and_topped_up() -> None:
    assert load_synthetic_listings(30, at=AT) == 30
    assert load_synthetic_listings(40, at=AT) == 10
    assert load_synthetic_listings(40, at=AT) == 0

    assert compute_scores(at=AT) == Listing.objects.count() == LiveVersion.objects.count() == 40
    assert Listing.objects.filter(search__isnull=True).count() == 0
    assert UsageEvent.objects.filter(source="seed").exists()
    rated = ListingScore.objects.filter(rating_count__gt=0)
    assert sum(rated.values_list("rating_count", flat=True)) == Rating.objects.count() > 0
    assert SearchTerm.objects.filter(listing_count__gt=0).exists()
