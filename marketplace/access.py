"""Fetch and authorise in one call, or raise: listings, ratings, private stores."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.access import gpt_not_found
from gpts.assistants.models import GPT, AdoptionRequest
from gpts.assistants.queries.adoptions import find_adoption
from gpts.assistants.queries.gpts import find_gpt
from gpts.assistants.states import RequestState
from gpts.chat.models import Turn
from gpts.llm.states import TurnState
from marketplace.models import BuilderProfile, Listing, Rating, StoreSection
from marketplace.states import ListingState, RatingObstacle
from workspaces.access import not_found
from workspaces.models import Member, User, Workspace


def listing_not_found() -> NotFound:
    """Return the same error for unknown, delisted and quarantined listings."""
    return NotFound(_("There is no such GPT in the store."), code="listing_not_found")


def access_listing(slug: str) -> Listing:
    """Return a listing that is in the store, for services. Pages read ``queries.get_about`` instead."""
    if "\x00" in slug:
        raise listing_not_found()
    listing = Listing.objects.filter(slug=slug, state=ListingState.LISTED).defer("search").first()
    if listing is None:
        raise listing_not_found()
    return listing


def access_section(workspace: Workspace, section_id: int) -> StoreSection:
    """Return a section of the private store of ``workspace`` (already authorised); NotFound for any other."""
    section = (
        StoreSection.objects.select_related("workspace", "group")
        .filter(workspace=workspace, pk=section_id)
        .first()
    )
    if section is None:
        raise NotFound(_("There is no such section."), code="section_not_found")
    return section


def access_company_gpt(workspace: Workspace, slug: str) -> GPT:
    """Return a GPT of ``workspace``, whose store the caller is authorised to manage; NotFound for others."""
    slug = slug.strip().rstrip("/").rsplit("/", 1)[-1]
    gpt = find_gpt(slug) if len(slug) <= 200 else None
    if gpt is None or gpt.workspace_id != workspace.pk:
        raise gpt_not_found()
    return gpt


def find_listing(gpt: GPT) -> Listing | None:
    """Return the listing of a GPT that is in the store."""
    return Listing.objects.filter(gpt=gpt, state=ListingState.LISTED).defer("search").first()


def access_external_gpt(workspace: Workspace, slug: str) -> GPT:
    """Return a GPT that the admins of ``workspace`` (already authorised) may decide about.

    It is in the public store, or they decided about it before; NotFound otherwise and for their own GPTs.
    """
    if "\x00" in slug or len(slug) > 200:
        raise listing_not_found()
    gpt = GPT.objects.filter(slug=slug, deleted_at__isnull=True).exclude(workspace=workspace).first()
    if gpt is None or (find_listing(gpt) is None and find_adoption(workspace.pk, gpt) is None):
        raise listing_not_found()
    return gpt


def access_request(workspace: Workspace, request_id: int, *, user: User | None = None) -> AdoptionRequest:
    """Return a request of ``workspace`` (already authorised), with ``user`` one of their own.

    Raises NotFound, also for those that were taken back.
    """
    rows = AdoptionRequest.objects.select_related("workspace", "gpt").filter(workspace=workspace)
    rows = rows.exclude(state=RequestState.WITHDRAWN)
    if user is not None:
        rows = rows.filter(requested_by=user)
    found = rows.filter(pk=request_id).first() if request_id < 2**63 else None
    if found is None:
        raise not_found()
    return found


def get_rating_obstacle(user: User, listing: Listing) -> RatingObstacle | None:
    """Return why ``user`` may not rate ``listing``, None when they may. Reads in the person's scope."""
    if user.publishing_suspended_at is not None:
        return RatingObstacle.SUSPENDED
    if listing.publisher_id == user.pk:
        return RatingObstacle.OWN
    if Member.objects.filter(workspace_id=listing.workspace_id, user=user).exists():
        return RatingObstacle.COLLEAGUE
    finished_turns = Turn.objects.filter(
        user=user,
        conversation__user=user,
        conversation__gpt_id=listing.gpt_id,
        conversation__version__isnull=False,
        state=TurnState.FINISHED,
    )
    return None if finished_turns.exists() else RatingObstacle.UNUSED


def get_own_rating(user: User, listing: Listing) -> Rating | None:
    return Rating.objects.filter(listing=listing, user=user).first()


def get_own_profile(user: User) -> BuilderProfile | None:
    return BuilderProfile.objects.filter(user=user).first()
