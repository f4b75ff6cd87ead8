"""Which decisions need a second person before anything happens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marketplace.models import Listing, ShelfEntry
from reviews.models import Case
from reviews.states import Outcome

# People of the last 28 days above which a listing is not stopped by one person alone.
HELD_ABOVE_USERS = 1_000
ALWAYS_HELD = (Outcome.SUSPEND_BUILDER,)
HELD_FOR_BIG_ONES = (Outcome.DELIST, Outcome.QUARANTINE)


def needs_second_person(case: Case, outcome: str, *, at: datetime) -> bool:
    """R-9: suspending a builder always; stopping a listing that is verified, featured or widely used."""
    if outcome in ALWAYS_HELD:
        return True
    return outcome in HELD_FOR_BIG_ONES and bool(weight_of(case.gpt_id, at=at))


def weight_of(gpt_id: Any, *, at: datetime) -> str:
    """Return what makes stopping this listing weighty (verified, users, featured), or nothing."""
    listing = Listing.objects.select_related("score").filter(gpt_id=gpt_id).first()
    if listing is None:
        return ""
    if listing.builder_verified:
        return "verified"
    score = getattr(listing, "score", None)
    if score is not None and score.users_28d > HELD_ABOVE_USERS:
        return "users"
    today = at.date()
    featured = ShelfEntry.objects.filter(
        listing=listing, shelf__starts_on__lte=today, shelf__ends_on__gt=today
    ).exists()
    return "featured" if featured else ""
