"""Listings whose GPT its owner deleted: a lower floor never calls up, so the store looks by itself."""

from __future__ import annotations

from datetime import datetime

from marketplace.models import Listing
from marketplace.services.listings import delist_listing
from marketplace.states import ListingState


def follow_deletions(*, at: datetime) -> int:
    """Delist what stands in the store although its GPT is deleted; returns how many. Needs a system scope."""
    gone = Listing.objects.filter(state=ListingState.LISTED, gpt__deleted_at__isnull=False).defer("search")
    count = 0
    for listing in gone:
        delist_listing(listing=listing, by=None, at=at, reason="The owner deleted the GPT.")
        count += 1
    return count
