"""Ratings. The listing's counts change in the same transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core import audit
from core.errors import Forbidden, InvalidInput, NotFound
from core.text import clean_block
from marketplace.access import get_rating_obstacle
from marketplace.models import Listing, ListingScore, Rating
from marketplace.models.ratings import TEXT_LENGTH
from marketplace.page_cache import invalidate_path
from marketplace.scope import open_store_scope
from marketplace.states import RatingObstacle
from workspaces.acts import Act, check_act
from workspaces.models import User


@transaction.atomic
def rate_listing(*, listing: Listing, stars: int, text: str, by: User, at: datetime) -> Rating:
    """Create or change ``by``'s rating of a listed GPT that they have used.

    Raises Forbidden as check_act does, and (code ``rating_refused``) for the publisher, people of the same
    workspace and people without a finished turn, InvalidInput for stars outside 1 to 5 or over-long text.
    """
    check_act(by, Act.RATE)
    if stars not in range(1, 6):
        raise InvalidInput(_("Choose one to five stars."), code="stars_invalid", field="stars")
    text = clean_block(text, max_length=TEXT_LENGTH, field="text", required=False)
    obstacle = get_rating_obstacle(by, listing)
    if obstacle is not None:
        raise Forbidden(
            RatingObstacle(obstacle).label, code="rating_refused", data={"obstacle": obstacle.value}
        )
    rating, is_new = Rating.objects.select_for_update(of=("self",)).get_or_create(
        listing=listing,
        user=by,
        defaults={
            "stars": stars,
            "text": text,
            "author_name": by.display_name,
            "version_number": listing.version_number,
            "created_at": at,
            "updated_at": at,
        },
    )
    before = stars if is_new else rating.stars
    if is_new:
        change_counts(listing.pk, stars, 1)
    else:
        if rating.hidden_at is None:
            change_counts(listing.pk, rating.stars, -1)
            change_counts(listing.pk, stars, 1)
        rating.stars = stars
        rating.text = text
        rating.author_name = by.display_name
        rating.version_number = listing.version_number
        rating.updated_at = at
        rating.save()
    changes = {"stars": (before, stars)} if before != stars else None
    data = {"stars": stars}
    _finish("marketplace.rating_written", rating, listing, by=by, at=at, data=data, changes=changes)
    return rating


@transaction.atomic
def delete_rating(*, listing: Listing, by: User, at: datetime) -> None:
    """Remove ``by``'s own rating."""
    rating = Rating.objects.select_for_update(of=("self",)).filter(listing=listing, user=by).first()
    if rating is None:
        raise NotFound(_("You have not rated this GPT."), code="rating_not_found")
    if rating.hidden_at is None:
        change_counts(listing.pk, rating.stars, -1)
    _finish("marketplace.rating_deleted", rating, listing, by=by, at=at)
    rating.delete()


@transaction.atomic
def hide_rating(*, rating: Rating, by: User | None, at: datetime, reason: str) -> Rating:
    """Hide a rating and remove it from the figures, for moderation. Idempotent."""
    rating = _lock(rating)
    if rating.hidden_at is None:
        rating.hidden_at = at
        rating.save(update_fields=["hidden_at"])
        change_counts(rating.listing_id, rating.stars, -1)
        _finish("marketplace.rating_hidden", rating, rating.listing, by=by, at=at, reason=reason)
    return rating


@transaction.atomic
def show_rating(*, rating: Rating, by: User | None, at: datetime, reason: str = "") -> Rating:
    """Undo hide_rating. Idempotent."""
    rating = _lock(rating)
    if rating.hidden_at is not None:
        rating.hidden_at = None
        rating.save(update_fields=["hidden_at"])
        change_counts(rating.listing_id, rating.stars, 1)
        _finish("marketplace.rating_shown", rating, rating.listing, by=by, at=at, reason=reason)
    return rating


def _lock(rating: Rating) -> Rating:
    return Rating.objects.select_for_update(of=("self",)).select_related("listing").get(pk=rating.pk)


def change_counts(listing_id: int, stars: int, step: int) -> None:
    column = f"stars_{stars}"
    with open_store_scope():
        ListingScore.objects.filter(pk=listing_id).update(
            **{column: F(column) + step},
            rating_count=F("rating_count") + step,
            rating_sum=F("rating_sum") + step * stars,
        )


def _finish(
    action: str,
    rating: Rating,
    listing: Listing,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    data: dict[str, int] | None = None,
    changes: dict[str, tuple[int, int]] | None = None,
) -> None:
    invalidate_path(f"/g/{listing.slug}")
    audit.record(
        action=action,
        by=by,
        at=at,
        subject=rating,
        reason=reason,
        data={"listing_id": listing.pk, **(data or {})},
        changes=changes,
    )
