"""Fetch and authorise in one call, or raise: listings, ratings, private stores."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.chat.models import Turn
from gpts.llm.states import TurnState
from marketplace.models import BuilderProfile, Listing, Rating
from marketplace.states import ListingState, RatingObstacle
from workspaces.models import Member, User


def missing_listing() -> NotFound:
    """The one answer for what is unknown, taken out or quarantined."""
    return NotFound(_("There is no such GPT in the store."), code="listing_not_found")


def access_listing(slug: str) -> Listing:
    """Return a listing that stands in the store, for services. Pages read ``queries.about`` instead."""
    if "\x00" in slug:
        raise missing_listing()
    listing = Listing.objects.filter(slug=slug, state=ListingState.LISTED).defer("search").first()
    if listing is None:
        raise missing_listing()
    return listing


def rating_obstacle(user: User, listing: Listing) -> RatingObstacle | None:
    """Return why ``user`` may not rate ``listing``, None when they may. Reads within the person's scope."""
    if listing.publisher_id == user.pk:
        return RatingObstacle.OWN
    if Member.objects.filter(workspace_id=listing.workspace_id, user=user).exists():
        return RatingObstacle.COLLEAGUE
    used = Turn.objects.filter(
        user=user,
        conversation__user=user,
        conversation__gpt_id=listing.gpt_id,
        conversation__version__isnull=False,
        state=TurnState.FINISHED,
    )
    return None if used.exists() else RatingObstacle.UNUSED


def own_rating(user: Any, listing: Listing) -> Rating | None:
    return Rating.objects.filter(listing=listing, user_id=user.pk).first()


def own_profile(user: Any) -> BuilderProfile | None:
    return BuilderProfile.objects.filter(user_id=user.pk).first()
