"""How events of the store read in the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.audit_words import (
    ActionWords,
    Area,
    AuditWords,
    FieldWords,
    Named,
    ObjectWords,
    Reader,
    describe_choice,
    read_numbers,
)
from core.look import formats
from gpts.assistants.audit_words import GPT_KIND
from marketplace.models import BuilderProfile, Listing, Shelf, StoreSection
from marketplace.states import ListingState, SectionKind

LISTING = "marketplace.listing"


def _name_listings(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    """Name listings in the store, and all of the log's workspace."""
    rows = Listing.objects.filter(pk__in=read_numbers(ids)).only(
        "pk", "name", "slug", "state", "workspace_id"
    )
    return {
        str(row.pk): Named(
            row.name,
            reverse("marketplace:about-show", args=[row.slug]) if row.state == ListingState.LISTED else "",
        )
        for row in rows
        if row.name and (row.state == ListingState.LISTED or row.workspace_id == reader.workspace_id)
    }


def _name_profiles(ids: Collection[str], _reader: Reader) -> dict[str, Named]:
    rows = BuilderProfile.objects.filter(pk__in=read_numbers(ids)).only("pk", "display_name", "handle")
    return {
        str(row.pk): Named(row.display_name, reverse("marketplace:builder-show", args=[row.handle]))
        for row in rows
        if row.handle
    }


def _name_shelves(ids: Collection[str], _reader: Reader) -> dict[str, Named]:
    rows = Shelf.objects.filter(pk__in=read_numbers(ids)).only("pk", "title")
    return {str(row.pk): Named(row.title) for row in rows}


def _name_sections(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = StoreSection.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0)
    return {
        str(row.pk): Named(
            row.title, reverse("marketplace:store-section", args=[reader.workspace_slug, row.pk])
        )
        for row in rows.only("pk", "title")
    }


def _describe_count(value: Any, _data: Mapping[str, Any]) -> str:
    return formats.number(len(value)) if isinstance(value, list) else ""


def _listing_act(label: Any, sentence: Any, *, details: tuple[str, ...] = ()) -> ActionWords:
    return ActionWords(Area.SHARING, label, sentence, details=details, is_staff_act=True)


WORDS = AuditWords(
    actions={
        "marketplace.builder_profile_changed": ActionWords(
            Area.SHARING, _("Builder profile changed"), _("%(who)s changed the builder profile %(what)s.")
        ),
        "marketplace.builder_profile_made": ActionWords(
            Area.SHARING, _("Builder profile created"), _("%(who)s created the builder profile %(what)s.")
        ),
        "marketplace.listing_delisted": _listing_act(
            _("Taken out of the store"), _("%(who)s took %(what)s out of the store.")
        ),
        "marketplace.listing_published": _listing_act(
            _("Listed in the store"), _("%(who)s listed %(what)s in the store."), details=("version",)
        ),
        "marketplace.listing_quarantined": _listing_act(
            _("Listing quarantined"), _("%(who)s put the listing of %(what)s into quarantine.")
        ),
        "marketplace.listing_restored": _listing_act(
            _("Put back"), _("%(who)s put %(what)s back where it was in the store.")
        ),
        "marketplace.listing_withdrawn": _listing_act(
            _("Left the store by a rule"),
            _("%(what)s left the store, because its workspace or builder may not publish now."),
        ),
        "marketplace.rating_deleted": ActionWords(
            Area.SHARING, _("Rating removed"), _("%(who)s removed their rating of %(listing_id)s.")
        ),
        "marketplace.rating_hidden": ActionWords(
            Area.MODERATION, _("Rating hidden"), _("%(who)s hid a rating of %(listing_id)s.")
        ),
        "marketplace.rating_shown": ActionWords(
            Area.MODERATION, _("Rating shown again"), _("%(who)s showed a rating of %(listing_id)s again.")
        ),
        "marketplace.rating_written": ActionWords(
            Area.SHARING, _("Rating written"), _("%(who)s rated %(listing_id)s."), details=("stars",)
        ),
        "marketplace.section_changed": ActionWords(
            Area.SETTINGS,
            _("Section of the store changed"),
            _("%(who)s changed the section %(what)s of the private store."),
        ),
        "marketplace.section_deleted": ActionWords(
            Area.SETTINGS,
            _("Section of the store removed"),
            _("%(who)s removed a section of the private store."),
            details=("kind",),
        ),
        "marketplace.section_made": ActionWords(
            Area.SETTINGS,
            _("Section of the store made"),
            _("%(who)s created the section %(what)s in the private store."),
            details=("kind",),
        ),
        "marketplace.shelf_set": ActionWords(
            Area.SETTINGS, _("Shelf set"), _("%(who)s set the shelf %(what)s."), details=("listings",)
        ),
    },
    objects={
        LISTING: ObjectWords(_name_listings, _("a GPT that is not in the store")),
        "marketplace.builderprofile": ObjectWords(_name_profiles, _("a deleted profile")),
        "marketplace.shelf": ObjectWords(_name_shelves, _("a removed shelf")),
        "marketplace.storesection": ObjectWords(
            _name_sections, _("a removed section"), _("Sections of the store")
        ),
        "marketplace.rating": ObjectWords(lambda _ids, _reader: {}, _("a rating")),
    },
    fields={
        "gpt_id": FieldWords("GPT", object=GPT_KIND),
        "listing_id": FieldWords(_("Listing"), object=LISTING),
        "version": FieldWords(_("Version")),
        "stars": FieldWords(_("Stars")),
        "listings": FieldWords(_("GPTs on it"), _describe_count),
        "gpts": FieldWords(_("GPTs in it"), _describe_count),
        "group_id": FieldWords(_("Group"), object="workspaces.group"),
        "kind": FieldWords(_("Kind"), describe_choice(SectionKind)),
        "place": FieldWords(_("Place")),
    },
)
