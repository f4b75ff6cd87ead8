"""What each kind of enforcement does to the store, with ``apply`` and ``reverse`` side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from gpts.assistants.models import GPT, Version
from marketplace.models import Listing
from marketplace.services.listings import (
    delist_listing,
    publish_listing,
    quarantine_listing,
    restore_listing,
)
from marketplace.states import ListingState
from reviews.models import Enforcement, ProtectedName, Submission
from reviews.services.payout_holds import lock_payout_holds
from reviews.services.standing import add_strike, change_builder_state, remove_strike
from reviews.states import (
    BuilderAction,
    BuilderState,
    EnforcementKind,
    SubmissionAction,
    SubmissionState,
    move_submission,
)
from workspaces.models import User

Undo = dict[str, Any]


class Effect(Protocol):
    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        """Put it into force and return what ``reverse`` needs. Raises DomainError when it fails for now."""

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        """Restore the state before ``apply``."""


class PublishVersion:
    """Make the judged version the public one."""

    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        gpt, version = _gpt(enforcement), _version(enforcement)
        before = Listing.objects.filter(gpt=gpt).first()
        listing = publish_listing(gpt=gpt, version=version, by=by, at=at)
        _supersede_others(enforcement, version)
        _move_newest_submission(version, SubmissionAction.GO_LIVE)
        was_listed = before is not None and before.state == ListingState.LISTED
        return {"listing": listing.pk, "version": before.version_id if before and was_listed else None}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        before = enforcement.undo.get("version")
        _move_newest_submission(_version(enforcement), SubmissionAction.REMOVE)
        if before is None:
            listing = Listing.objects.get(pk=enforcement.undo["listing"])
            delist_listing(listing=listing, by=by, at=at, reason="")
            return
        publish_listing(gpt=_gpt(enforcement), version=Version.objects.get(pk=before), by=by, at=at)


class RejectVersion:
    """Keep the version out of the store; the live one stays. Reversing publishes it."""

    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        return {}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        version = _version(enforcement)
        newer = Listing.objects.filter(gpt=enforcement.gpt, version_number__gt=version.number).exists()
        _move_newest_submission(version, SubmissionAction.RESTORE)
        if newer:
            return
        publish_listing(gpt=_gpt(enforcement), version=version, by=by, at=at)
        _supersede_others(enforcement, version)
        _move_newest_submission(version, SubmissionAction.GO_LIVE)


class Delist:
    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        listing = _listing(enforcement)
        add_strike(enforcement, at=at)
        if listing.state != ListingState.LISTED:
            return {"nothing": True}
        delist_listing(listing=listing, by=by, at=at, reason="")
        _move_newest_submission(listing.version, SubmissionAction.REMOVE)
        return {"listing": listing.pk}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        remove_strike(enforcement, at=at)
        _restore(enforcement.undo, by=by, at=at)


class Quarantine:
    """Stop all use. Nothing is deleted, and the owner can still read it."""

    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        listing = _listing(enforcement)
        add_strike(enforcement, at=at)
        if listing.state == ListingState.QUARANTINED:
            return {"nothing": True}
        was_listed = listing.state == ListingState.LISTED
        quarantine_listing(listing=listing, by=by, at=at)
        if was_listed:
            _move_newest_submission(listing.version, SubmissionAction.QUARANTINE)
        return {"listing": listing.pk}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        remove_strike(enforcement, at=at)
        _restore(enforcement.undo, by=by, at=at)


class Warn:
    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        add_strike(enforcement, at=at)
        return {"state": change_builder_state(enforcement.builder_id, BuilderAction.WARN)}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        remove_strike(enforcement, at=at)
        if enforcement.undo["state"] == BuilderState.NORMAL:
            change_builder_state(enforcement.builder_id, BuilderAction.REINSTATE)


class SuspendBuilder:
    """Refuse further submissions and quarantine every listing of the builder."""

    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        add_strike(enforcement, at=at)
        before = change_builder_state(enforcement.builder_id, BuilderAction.SUSPEND)
        listings = Listing.objects.filter(publisher_id=enforcement.builder_id).exclude(
            state=ListingState.QUARANTINED
        )
        quarantined = []
        for listing in listings.order_by("pk"):
            if listing.state == ListingState.LISTED:
                _move_newest_submission(listing.version, SubmissionAction.QUARANTINE)
            quarantine_listing(listing=listing, by=by, at=at)
            quarantined.append(listing.pk)
        return {"state": before, "listings": quarantined}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        remove_strike(enforcement, at=at)
        change_builder_state(enforcement.builder_id, BuilderAction.REINSTATE)
        if enforcement.undo["state"] != BuilderState.NORMAL:
            change_builder_state(enforcement.builder_id, BuilderAction.WARN)
        if enforcement.undo["state"] == BuilderState.RESTRICTED:
            change_builder_state(enforcement.builder_id, BuilderAction.RESTRICT)
        for identifier in enforcement.undo["listings"]:
            _restore({"listing": identifier}, by=by, at=at)


class HoldPayout:
    """Hold payouts: the executed row itself is the hold, which payouts read by ``list_payout_holds``."""

    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        lock_payout_holds()
        return {}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        """Nothing to restore: the state of the row ends the hold."""


class ProhibitName:
    def apply(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> Undo:
        name = _version(enforcement).name
        _row, is_new = ProtectedName.objects.get_or_create(
            name=name, defaults={"is_reserved_mark": False, "enforcement": enforcement}
        )
        return {"name": name if is_new else ""}

    def reverse(self, enforcement: Enforcement, *, by: User | None, at: datetime) -> None:
        ProtectedName.objects.filter(name=enforcement.undo["name"], enforcement=enforcement).delete()


EFFECTS: Mapping[str, Effect] = {
    EnforcementKind.PUBLISH_VERSION: PublishVersion(),
    EnforcementKind.REJECT_VERSION: RejectVersion(),
    EnforcementKind.DELIST: Delist(),
    EnforcementKind.QUARANTINE: Quarantine(),
    EnforcementKind.WARN: Warn(),
    EnforcementKind.SUSPEND_BUILDER: SuspendBuilder(),
    EnforcementKind.HOLD_PAYOUT: HoldPayout(),
    EnforcementKind.PROHIBIT_NAME: ProhibitName(),
}


def _gpt(enforcement: Enforcement) -> GPT:
    assert enforcement.gpt is not None
    return enforcement.gpt


def _version(enforcement: Enforcement) -> Version:
    assert enforcement.version is not None
    return enforcement.version


def _listing(enforcement: Enforcement) -> Listing:
    assert enforcement.gpt_id is not None
    return Listing.objects.select_related("version").get(gpt_id=enforcement.gpt_id)


def _restore(undo: Undo, *, by: User | None, at: datetime) -> None:
    if undo.get("nothing"):
        return
    listing = Listing.objects.select_related("version").get(pk=undo["listing"])
    if listing.state == ListingState.LISTED:
        return
    restored = restore_listing(listing=listing, by=by, at=at)
    if restored.state == ListingState.LISTED:
        _move_newest_submission(listing.version, SubmissionAction.RESTORE)


def _supersede_others(enforcement: Enforcement, version: Version) -> None:
    for old in Submission.objects.filter(gpt=enforcement.gpt, state=SubmissionState.LIVE).exclude(
        version=version
    ):
        old.state = move_submission(old.state, SubmissionAction.SUPERSEDE)
        old.save(update_fields=["state"])


def _move_newest_submission(version: Version, action: SubmissionAction) -> None:
    """Move the newest submission of ``version``, if any: imported versions have none."""
    submission = Submission.objects.filter(version=version).order_by("-id").first()
    if submission is None:
        return
    submission.state = move_submission(submission.state, action)
    submission.save(update_fields=["state"])
