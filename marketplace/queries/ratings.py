"""The ratings of a listing."""

from __future__ import annotations

from django.db.models import QuerySet

from core.pagination import Page, paginate
from marketplace.models import Rating
from marketplace.queries.public_role import as_public

PAGE_SIZE = 10
RATING_FIELDS = ("id", "author_name", "stars", "text", "version_number", "created_at", "updated_at")


def _filter_visible(listing_id: int) -> QuerySet[Rating]:
    """Return ratings that moderation has not hidden, without their authors' ids."""
    return Rating.objects.filter(listing_id=listing_id, hidden_at__isnull=True).only(*RATING_FIELDS)


@as_public
def list_ratings(listing_id: int, *, cursor: str = "", size: int = PAGE_SIZE) -> Page[Rating]:
    return paginate(_filter_visible(listing_id), order=("-updated_at", "-id"), cursor=cursor, size=size)


def build_empty_page() -> Page[Rating]:
    """Return the page of a listing without ratings, which needs no query."""
    return Page(items=[], next_cursor="", previous_cursor="")
