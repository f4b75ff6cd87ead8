"""Publishing, delisting, quarantining and restoring listings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import audit
from core.errors import IllegalTransition, InvalidInput
from gpts.assistants.models import GPT, Version
from gpts.assistants.services.quarantine import quarantine_gpt, release_gpt
from gpts.assistants.services.versions import clear_live_version, set_live_version
from gpts.assistants.states import Audience
from marketplace.cards import make_tagline
from marketplace.models import BuilderProfile, Listing, ListingRelease, ListingScore
from marketplace.page_cache import invalidate_store
from marketplace.search.tokens import detect_languages
from marketplace.services.search_terms import get_listing_terms, update_term_counts, write_search_column
from marketplace.states import ALLOWED, ListingAct, ListingState
from workspaces.models import User


@transaction.atomic
def publish_listing(*, gpt: GPT, version: Version, by: User | None, at: datetime) -> Listing:
    """Publish ``version`` in the store, as a new listing or as the next version of the existing one.

    A listing keeps its URL, ratings, figures and first date. The version becomes live for the public.
    Idempotent. Raises IllegalTransition while quarantined.
    """
    if version.gpt_id != gpt.pk:
        raise InvalidInput(_("This version belongs to another GPT."), code="foreign_version", field="version")
    facts = _public_facts(gpt, version)
    listing, is_new = Listing.objects.select_for_update(of=("self",)).get_or_create(
        gpt=gpt, defaults={**facts, "published_at": at, "updated_at": at}
    )
    if is_new:
        previous_terms: set[str] = set()
        ListingScore.objects.create(listing=listing)
    else:
        _check_allowed(listing, ListingAct.PUBLISH)
        if listing.state == ListingState.LISTED and listing.version_id == version.pk:
            return listing
        previous_terms = get_listing_terms(listing) if listing.state == ListingState.LISTED else set()
        for name, value in facts.items():
            setattr(listing, name, value)
        listing.state = ListingState.LISTED
        listing.updated_at = max(at, listing.published_at)
        listing.save()
    write_search_column(listing)
    update_term_counts(added=get_listing_terms(listing), removed=previous_terms)
    ListingRelease.objects.get_or_create(
        listing=listing, number=version.number, defaults={"notes": version.release_notes, "released_at": at}
    )
    set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=at, by=by)
    _finish("marketplace.listing_published", listing, by=by, at=at, data={"version": version.number})
    return listing


@transaction.atomic
def delist_listing(*, listing: Listing, by: User | None, at: datetime, reason: str) -> Listing:
    """Take a listing out of the store; it stays live for its workspace. Undone by restore_listing."""
    listing = _lock(listing)
    _check_allowed(listing, ListingAct.DELIST)
    update_term_counts(added=(), removed=get_listing_terms(listing))
    listing.state = ListingState.DELISTED
    listing.save(update_fields=["state"])
    clear_live_version(gpt=listing.gpt, audience=Audience.PUBLIC, at=at, by=by)
    _finish("marketplace.listing_delisted", listing, by=by, at=at, reason=reason)
    return listing


@transaction.atomic
def quarantine_listing(*, listing: Listing, by: User | None, at: datetime, reason: str = "") -> Listing:
    """Hide a listing and stop its GPT everywhere at once, without deleting anything.

    Undone by restore_listing, which returns it to the state before.
    """
    listing = _lock(listing)
    _check_allowed(listing, ListingAct.QUARANTINE)
    if listing.state == ListingState.LISTED:
        update_term_counts(added=(), removed=get_listing_terms(listing))
    listing.state_before = listing.state
    listing.state = ListingState.QUARANTINED
    listing.save(update_fields=["state", "state_before"])
    quarantine_gpt(gpt=listing.gpt, at=at, by=by)
    _finish("marketplace.listing_quarantined", listing, by=by, at=at, reason=reason)
    return listing


@transaction.atomic
def restore_listing(*, listing: Listing, by: User | None, at: datetime, reason: str = "") -> Listing:
    """Undo quarantine_listing (back to the state before it) or delist_listing (back into the store)."""
    listing = _lock(listing)
    _check_allowed(listing, ListingAct.RESTORE)
    was_quarantined = listing.state == ListingState.QUARANTINED
    listing.state = ListingState(listing.state_before) if was_quarantined else ListingState.LISTED
    listing.state_before = ""
    listing.save(update_fields=["state", "state_before"])
    if was_quarantined:
        release_gpt(gpt=listing.gpt, at=at, by=by)
    if listing.state == ListingState.LISTED:
        update_term_counts(added=get_listing_terms(listing), removed=())
        set_live_version(gpt=listing.gpt, version=listing.version, audience=Audience.PUBLIC, at=at, by=by)
    _finish("marketplace.listing_restored", listing, by=by, at=at, reason=reason)
    return listing


def delist_deleted_gpts(*, at: datetime) -> int:
    """Delist listings whose GPT was deleted and count them. A periodic job in a system scope.

    gpts may not call marketplace, so the store looks for deleted GPTs itself.
    """
    deleted = Listing.objects.filter(state=ListingState.LISTED, gpt__deleted_at__isnull=False)
    count = 0
    for listing in deleted.defer("search"):
        delist_listing(listing=listing, by=None, at=at, reason="The owner deleted the GPT.")
        count += 1
    return count


def _lock(listing: Listing) -> Listing:
    return Listing.objects.select_for_update(of=("self",)).get(pk=listing.pk)


def _check_allowed(listing: Listing, act: ListingAct) -> None:
    if listing.state not in ALLOWED[act]:
        raise IllegalTransition(
            _("This listing does not allow this step now. Reload the page to see where it stands."),
            code="illegal_transition",
            data={"state": listing.state, "act": act.value},
        )


def _finish(
    action: str,
    listing: Listing,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Invalidate the cache and record the audit event, last: it locks the audit chain until commit."""
    invalidate_store()
    audit.record(
        action=action,
        by=by,
        at=at,
        subject=listing,
        workspace_id=listing.workspace_id,
        reason=reason,
        data={"gpt_id": listing.gpt_id, **(data or {})},
    )


def _public_facts(gpt: GPT, version: Version) -> dict[str, Any]:
    """Return the public facts of a version: an explicit list, so that no new field slips in."""
    profile = BuilderProfile.objects.filter(user_id=gpt.owner_id).first()
    model = version.language_model
    return {
        "version": version,
        "publisher_id": gpt.owner_id,
        "workspace_id": gpt.workspace_id,
        "slug": gpt.slug,
        "name": version.name,
        "tagline": make_tagline(version.description),
        "description": version.description,
        "starters": list(version.starters),
        "icon": version.icon,
        "category": version.category,
        "capabilities": list(version.capabilities),
        "model_label": model.label if model is not None else version.model_name,
        "has_knowledge": bool(version.knowledge_hashes),
        "languages": detect_languages(f"{version.name} {version.description}"),
        "version_number": version.number,
        "release_notes": version.release_notes,
        "builder_handle": profile.handle if profile else "",
        "builder_name": profile.display_name if profile else gpt.owner.display_name,
        "builder_verified": profile.is_verified if profile else False,
    }
