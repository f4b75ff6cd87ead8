"""A listing's life: published, taken out, put back, quarantined. Other floors call these and nothing else."""

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
from marketplace.cards import tagline_of
from marketplace.models import BuilderProfile, Listing, ListingRelease, ListingScore
from marketplace.search.tokens import languages_of
from marketplace.services.vocabulary import count_terms, terms_of_listing, write_search_column
from marketplace.stamps import move_store_stamp
from marketplace.states import ALLOWED, ListingAct, ListingState
from workspaces.models import User


@transaction.atomic
def publish_listing(*, gpt: GPT, version: Version, by: User | None, at: datetime) -> Listing:
    """Put ``version`` in the store, as a new listing or as the next version of the one that stands.

    A listing keeps its URL, ratings, figures and first date. The version becomes live for the public.
    Publishing what is live already changes nothing. Raises IllegalTransition while quarantined.
    """
    if version.gpt_id != gpt.pk:
        raise InvalidInput(_("This version belongs to another GPT."), code="foreign_version", field="version")
    facts = _public_facts(gpt, version)
    listing, is_new = Listing.objects.select_for_update(of=("self",)).get_or_create(
        gpt=gpt, defaults={**facts, "published_at": at, "updated_at": at}
    )
    if is_new:
        before: set[str] = set()
        ListingScore.objects.create(listing=listing)
    else:
        _require(listing, ListingAct.PUBLISH)
        if listing.state == ListingState.LISTED and listing.version_id == version.pk:
            return listing
        before = terms_of_listing(listing) if listing.state == ListingState.LISTED else set()
        for name, value in facts.items():
            setattr(listing, name, value)
        listing.state = ListingState.LISTED
        listing.updated_at = max(at, listing.published_at)
        listing.save()
    write_search_column(listing)
    count_terms(come=terms_of_listing(listing), go=before)
    ListingRelease.objects.get_or_create(
        listing=listing, number=version.number, defaults={"notes": version.release_notes, "released_at": at}
    )
    set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=at, by=by)
    _close("marketplace.listing_published", listing, by=by, at=at, data={"version": version.number})
    return listing


@transaction.atomic
def delist_listing(*, listing: Listing, by: User | None, at: datetime, reason: str) -> Listing:
    """Take a listing out of the store; it stays live for its own workspace and can be put back."""
    listing = _locked(listing)
    _require(listing, ListingAct.DELIST)
    count_terms(come=(), go=terms_of_listing(listing))
    listing.state = ListingState.DELISTED
    listing.save(update_fields=["state"])
    clear_live_version(gpt=listing.gpt, audience=Audience.PUBLIC, at=at, by=by)
    _close("marketplace.listing_delisted", listing, by=by, at=at, reason=reason)
    return listing


@transaction.atomic
def quarantine_listing(*, listing: Listing, by: User | None, at: datetime, reason: str = "") -> Listing:
    """Hide a listing and stop its GPT everywhere, at once, without losing anything.

    Undone by restore_listing, which brings back exactly the state before.
    """
    listing = _locked(listing)
    _require(listing, ListingAct.QUARANTINE)
    if listing.state == ListingState.LISTED:
        count_terms(come=(), go=terms_of_listing(listing))
    listing.state_before = listing.state
    listing.state = ListingState.QUARANTINED
    listing.save(update_fields=["state", "state_before"])
    quarantine_gpt(gpt=listing.gpt, at=at, by=by)
    _close("marketplace.listing_quarantined", listing, by=by, at=at, reason=reason)
    return listing


@transaction.atomic
def restore_listing(*, listing: Listing, by: User | None, at: datetime, reason: str = "") -> Listing:
    """Undo quarantine_listing (back to the state before it) or delist_listing (back into the store)."""
    listing = _locked(listing)
    _require(listing, ListingAct.RESTORE)
    was_quarantined = listing.state == ListingState.QUARANTINED
    listing.state = ListingState(listing.state_before) if was_quarantined else ListingState.LISTED
    listing.state_before = ""
    listing.save(update_fields=["state", "state_before"])
    if was_quarantined:
        release_gpt(gpt=listing.gpt, at=at, by=by)
    if listing.state == ListingState.LISTED:
        count_terms(come=terms_of_listing(listing), go=())
        set_live_version(gpt=listing.gpt, version=listing.version, audience=Audience.PUBLIC, at=at, by=by)
    _close("marketplace.listing_restored", listing, by=by, at=at, reason=reason)
    return listing


def _locked(listing: Listing) -> Listing:
    return Listing.objects.select_for_update(of=("self",)).get(pk=listing.pk)


def _require(listing: Listing, act: ListingAct) -> None:
    if listing.state not in ALLOWED[act]:
        raise IllegalTransition(
            _("This listing does not allow this step now. Reload the page to see where it stands."),
            code="illegal_transition",
            data={"state": listing.state, "act": act.value},
        )


def _close(
    action: str,
    listing: Listing,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Void the caches and write the audit event, last: it holds the chain's lock until commit."""
    move_store_stamp()
    audit.record(
        action=action,
        by=by,
        at=at,
        subject=listing,
        workspace_id=listing.workspace_id,
        reason=reason,
        data={"slug": listing.slug, **(data or {})},
    )


def _public_facts(gpt: GPT, version: Version) -> dict[str, Any]:
    """Return what everybody may know of a version: an explicit list, so that nothing slips out by itself."""
    profile = BuilderProfile.objects.filter(user_id=gpt.owner_id).first()
    model = version.language_model
    return {
        "version": version,
        "publisher_id": gpt.owner_id,
        "workspace_id": gpt.workspace_id,
        "slug": gpt.slug,
        "name": version.name,
        "tagline": tagline_of(version.description),
        "description": version.description,
        "starters": list(version.starters),
        "icon": version.icon,
        "category": version.category,
        "capabilities": list(version.capabilities),
        "model_label": model.label if model is not None else version.model_name,
        "has_knowledge": bool(version.knowledge_hashes),
        "languages": languages_of(f"{version.name} {version.description}"),
        "version_number": version.number,
        "release_notes": version.release_notes,
        "builder_handle": profile.handle if profile else "",
        "builder_name": profile.display_name if profile else gpt.owner.display_name,
        "builder_verified": profile.is_verified if profile else False,
    }
