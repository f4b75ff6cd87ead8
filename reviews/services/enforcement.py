"""What decisions do to the store. Each effect has its way there and its way back side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog
from django.db import transaction

from core.errors import DomainError
from gpts.assistants.models import Version
from marketplace.models import Listing
from marketplace.services.listings import (
    delist_listing,
    publish_listing,
    quarantine_listing,
    restore_listing,
)
from marketplace.states import ListingState
from reviews.models import Decision, Enforcement, ProtectedName, Submission
from reviews.services.standing import give_strike, move_standing, take_strike_back
from reviews.states import (
    BuilderAction,
    BuilderState,
    EnforcementAction,
    EnforcementKind,
    EnforcementState,
    SubmissionAction,
    SubmissionState,
    move_enforcement,
    move_submission,
)

log = structlog.get_logger()
Undo = dict[str, Any]


class Effect(Protocol):
    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        """Do it and return what reversing needs. Raises DomainError when it cannot be done now."""

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        """Restore exactly what stood before ``apply``."""


class PublishVersion:
    """The judged version becomes the public one, and no other."""

    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        gpt, version = _gpt(enforcement), _version(enforcement)
        before = Listing.objects.filter(gpt=gpt).first()
        listing = publish_listing(gpt=gpt, version=version, by=by, at=at)
        _supersede_others(enforcement, version)
        _step(version, SubmissionAction.GO_LIVE)
        was_listed = before is not None and before.state == ListingState.LISTED
        return {"listing": listing.pk, "version": before.version_id if before and was_listed else None}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        before = enforcement.undo.get("version")
        _step(_version(enforcement), SubmissionAction.REMOVE)
        if before is None:
            listing = Listing.objects.get(pk=enforcement.undo["listing"])
            delist_listing(listing=listing, by=by, at=at, reason="")
            return
        publish_listing(gpt=_gpt(enforcement), version=Version.objects.get(pk=before), by=by, at=at)


class RejectVersion:
    """The version stays out of the store; what is live goes on. Reversed, it is published after all."""

    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        return {}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        version = _version(enforcement)
        newer = Listing.objects.filter(gpt=enforcement.gpt, version_number__gt=version.number).exists()
        _step(version, SubmissionAction.RESTORE)
        if newer:
            return
        publish_listing(gpt=_gpt(enforcement), version=version, by=by, at=at)
        _supersede_others(enforcement, version)
        _step(version, SubmissionAction.GO_LIVE)


class Delist:
    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        listing = _listing(enforcement)
        give_strike(enforcement, at=at)
        if listing.state != ListingState.LISTED:
            return {"nothing": True}
        delist_listing(listing=listing, by=by, at=at, reason="")
        _step(listing.version, SubmissionAction.REMOVE)
        return {"listing": listing.pk}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        take_strike_back(enforcement, at=at)
        _restore(enforcement.undo, by=by, at=at)


class Quarantine:
    """Nobody can use it, nothing is lost, and its owner can still read it."""

    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        listing = _listing(enforcement)
        give_strike(enforcement, at=at)
        if listing.state == ListingState.QUARANTINED:
            return {"nothing": True}
        was_listed = listing.state == ListingState.LISTED
        quarantine_listing(listing=listing, by=by, at=at)
        if was_listed:
            _step(listing.version, SubmissionAction.QUARANTINE)
        return {"listing": listing.pk}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        take_strike_back(enforcement, at=at)
        _restore(enforcement.undo, by=by, at=at)


class Warn:
    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        give_strike(enforcement, at=at)
        return {"state": move_standing(enforcement.builder_id, BuilderAction.WARN)}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        take_strike_back(enforcement, at=at)
        if enforcement.undo["state"] == BuilderState.NORMAL:
            move_standing(enforcement.builder_id, BuilderAction.REINSTATE)


class SuspendBuilder:
    """No submissions any more, and every listing goes into quarantine."""

    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        give_strike(enforcement, at=at)
        before = move_standing(enforcement.builder_id, BuilderAction.SUSPEND)
        listings = Listing.objects.filter(publisher_id=enforcement.builder_id).exclude(
            state=ListingState.QUARANTINED
        )
        stopped = []
        for listing in listings.order_by("pk"):
            if listing.state == ListingState.LISTED:
                _step(listing.version, SubmissionAction.QUARANTINE)
            quarantine_listing(listing=listing, by=by, at=at)
            stopped.append(listing.pk)
        return {"state": before, "listings": stopped}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        take_strike_back(enforcement, at=at)
        move_standing(enforcement.builder_id, BuilderAction.REINSTATE)
        if enforcement.undo["state"] != BuilderState.NORMAL:
            move_standing(enforcement.builder_id, BuilderAction.WARN)
        if enforcement.undo["state"] == BuilderState.RESTRICTED:
            move_standing(enforcement.builder_id, BuilderAction.RESTRICT)
        for identifier in enforcement.undo["listings"]:
            _restore({"listing": identifier}, by=by, at=at)


class HoldPayout:
    """The row itself is the hold: the floor above asks for executed ones before it pays."""

    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        return {}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
        """Reversed is enough: earnings were counted all the time."""


class ProhibitName:
    def apply(self, enforcement: Enforcement, *, by: Any, at: datetime) -> Undo:
        name = _version(enforcement).name
        _row, is_new = ProtectedName.objects.get_or_create(
            name=name, defaults={"is_reserved_mark": False, "enforcement": enforcement}
        )
        return {"name": name if is_new else ""}

    def reverse(self, enforcement: Enforcement, *, by: Any, at: datetime) -> None:
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


def execute(enforcement: Enforcement, *, by: Any, at: datetime) -> bool:
    """Put an enforcement into force, once: the state says whether it was. False when it failed for now.

    The caller holds the case's lock. A refusal of the floor below undoes its own writes and is kept as
    the failure's code; a job tries again.
    """
    target = move_enforcement(enforcement.state, EnforcementAction.EXECUTE)
    try:
        with transaction.atomic():
            enforcement.undo = EFFECTS[enforcement.kind].apply(enforcement, by=by, at=at)
    except DomainError as error:
        enforcement.state = move_enforcement(enforcement.state, EnforcementAction.FAIL)
        enforcement.failure = error.code[:80]
        enforcement.save(update_fields=["state", "failure"])
        log.error("reviews.enforcement_failed", enforcement_id=str(enforcement.pk), code=error.code)
        return False
    enforcement.state, enforcement.executed_at, enforcement.failure = target, at, ""
    enforcement.save(update_fields=["state", "executed_at", "failure", "undo"])
    return True


def reverse(enforcement: Enforcement, *, by: Any, at: datetime) -> None:
    """Undo an enforcement in force. Raises IllegalTransition for any other."""
    target = move_enforcement(enforcement.state, EnforcementAction.REVERSE)
    EFFECTS[enforcement.kind].reverse(enforcement, by=by, at=at)
    enforcement.state, enforcement.reversed_at = target, at
    enforcement.save(update_fields=["state", "reversed_at"])


def reverse_all(decision: Decision, *, by: Any, at: datetime) -> None:
    """Undo everything that a decision has in force, last first."""
    in_force = decision.enforcements.select_for_update(of=("self",)).filter(state=EnforcementState.EXECUTED)
    for enforcement in in_force.order_by("-id"):
        reverse(enforcement, by=by, at=at)


def _gpt(enforcement: Enforcement) -> Any:
    assert enforcement.gpt is not None
    return enforcement.gpt


def _version(enforcement: Enforcement) -> Version:
    assert enforcement.version is not None
    return enforcement.version


def _listing(enforcement: Enforcement) -> Listing:
    assert enforcement.gpt_id is not None
    return Listing.objects.select_related("version").get(gpt_id=enforcement.gpt_id)


def _restore(undo: Undo, *, by: Any, at: datetime) -> None:
    if undo.get("nothing"):
        return
    listing = Listing.objects.select_related("version").get(pk=undo["listing"])
    if listing.state == ListingState.LISTED:
        return
    restored = restore_listing(listing=listing, by=by, at=at)
    if restored.state == ListingState.LISTED:
        _step(listing.version, SubmissionAction.RESTORE)


def _supersede_others(enforcement: Enforcement, version: Version) -> None:
    for old in Submission.objects.filter(gpt=enforcement.gpt, state=SubmissionState.LIVE).exclude(
        version=version
    ):
        old.state = move_submission(old.state, SubmissionAction.SUPERSEDE)
        old.save(update_fields=["state"])


def _step(version: Version, action: SubmissionAction) -> None:
    """Move the newest submission of ``version``; one that came by import or demo data may have none."""
    submission = Submission.objects.filter(version=version).order_by("-id").first()
    if submission is None:
        return
    submission.state = move_submission(submission.state, action)
    submission.save(update_fields=["state"])
