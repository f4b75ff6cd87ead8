"""Erases ratings and the builder profile of a person, and the listings of a workspace."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gpts.assistants.services.erasure import DELETED_GPT
from marketplace.models import (
    BuilderProfile,
    ClosedOnboarding,
    FormerHandle,
    Listing,
    ListingRelease,
    ListingVector,
    Rating,
    SearchTerm,
    ShelfEntry,
    StoreSection,
    StoreSectionEntry,
)
from marketplace.page_cache import invalidate_store
from marketplace.services.listings import delist_listing
from marketplace.services.ratings import change_counts
from marketplace.states import ListingState
from workspaces.erasure import BATCH, DELETED_NAME, ErasurePart, retire_name
from workspaces.models import User, Workspace

HANDLE = "handle"


def erase_ratings_and_profile(user: User, at: datetime) -> int:
    ratings = list(Rating.objects.select_for_update(of=("self",)).filter(user=user)[:BATCH])
    for rating in ratings:
        if rating.hidden_at is None:
            change_counts(rating.listing_id, rating.stars, -1)
        rating.delete()
    closed = list(ClosedOnboarding.objects.filter(user=user).values_list("pk", flat=True)[:BATCH])
    ClosedOnboarding.objects.filter(pk__in=closed).delete()
    count = len(ratings) + len(closed) + _erase_profile(user, at)
    if count:
        invalidate_store()
    return count


def _erase_profile(user: User, at: datetime) -> int:
    """Empty the profile; its handles stay taken as hashes, so that old links lead to nobody else."""
    pseudonym = f"deleted-{user.pk}"
    profile = BuilderProfile.objects.select_for_update().filter(user=user).exclude(handle=pseudonym).first()
    former = list(FormerHandle.objects.filter(user=user))
    for handle in [row.handle for row in former] + ([profile.handle] if profile else []):
        retire_name(HANDLE, handle)
    FormerHandle.objects.filter(pk__in=[row.pk for row in former]).delete()
    if profile is not None:
        BuilderProfile.objects.filter(pk=profile.pk).update(
            handle=pseudonym,
            display_name=DELETED_NAME,
            bio="",
            website="",
            verified_name_at=None,
            verified_website_at=None,
            updated_at=at,
        )
    named = Listing.objects.filter(~Q(builder_name=DELETED_NAME) | ~Q(builder_handle=""), publisher=user)
    copies = named.update(builder_name=DELETED_NAME, builder_handle="", builder_verified=False)
    return len(former) + (profile is not None) + copies


def erase_store_of_workspace(workspace: Workspace, at: datetime) -> int:
    """Erase the private store's sections and the listings."""
    for model in (StoreSectionEntry, StoreSection, ClosedOnboarding):
        found = list(model.objects.filter(workspace=workspace).values_list("pk", flat=True)[:BATCH])
        if found:
            model.objects.filter(pk__in=found).delete()
            return len(found)
    return _erase_listings_of_workspace(workspace, at)


def _erase_listings_of_workspace(workspace: Workspace, at: datetime) -> int:
    listings = Listing.objects.select_for_update(of=("self",)).filter(workspace=workspace)
    found = list(listings.exclude(slug__startswith="deleted-", name=DELETED_GPT)[:BATCH])
    for listing in found:
        if listing.state == ListingState.LISTED:
            delist_listing(listing=listing, by=None, at=at, reason="The workspace was deleted.")
        ListingRelease.objects.filter(listing=listing).update(notes="")
        ListingVector.objects.filter(listing=listing).delete()
        ShelfEntry.objects.filter(listing=listing).delete()
        Listing.objects.filter(pk=listing.pk).update(
            name=DELETED_GPT,
            slug=f"deleted-{listing.pk}",
            tagline="",
            description="",
            starters=[],
            icon="",
            model_label="",
            languages=[],
            release_notes="",
            builder_name=DELETED_NAME,
            builder_handle="",
            search=None,
        )
    if found:
        SearchTerm.objects.filter(listing_count=0).delete()
        invalidate_store()
    return len(found)


PART = ErasurePart(
    name="marketplace",
    label=_("Listings, private store, ratings, builder profile"),
    erase_person=erase_ratings_and_profile,
    erase_workspace=erase_store_of_workspace,
    after=("reviews",),
)
