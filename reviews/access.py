"""Fetch and authorise in one call, or raise: cases for moderators, decisions for those they concern."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from marketplace.models import Listing
from marketplace.states import ListingState
from reviews.models import Case, Decision, Submission
from reviews.states import EnforcementState


def not_found() -> NotFound:
    return NotFound(_("There is nothing here, or it is not for you."), code="not_found")


def access_case(user: Any, case_id: UUID) -> Case:
    """Return a case to a moderator; NotFound to all others, as for one that does not exist."""
    if not user.has_perm("reviews.work_queue"):
        raise not_found()
    case = (
        Case.objects.select_related(
            "gpt__workspace", "builder", "submission__version", "submission__submitted_by",
            "claim__moderator", "origin__case", "origin__decider",
        )
        .filter(pk=case_id)
        .first()
    )  # fmt: skip
    if case is None:
        raise not_found()
    return case


def access_own_decision(user: Any, decision_id: UUID) -> Decision:
    """Return a decision to the builder it concerns; NotFound to others and while it is held."""
    decision = (
        Decision.objects.select_related("case__gpt", "case__submission__version")
        .filter(pk=decision_id, case__builder=user)
        .exclude(enforcements__state=EnforcementState.HELD)
        .first()
    )
    if decision is None:
        raise not_found()
    return decision


def access_own_submission(user: Any, submission_id: UUID) -> Submission:
    """Return a submission to the GPT's owner or to who sent it."""
    submission = Submission.objects.select_related("gpt", "version").filter(pk=submission_id).first()
    if submission is None or user.pk not in (submission.gpt.owner_id, submission.submitted_by_id):
        raise not_found()
    return submission


def access_reportable(slug: str) -> Listing:
    """Return what stands in the store under ``slug``. Private, foreign and absent look the same."""
    listing = Listing.objects.filter(slug=slug, state=ListingState.LISTED).first()
    if listing is None:
        raise NotFound(_("There is no such GPT in the store."), code="listing_not_found")
    return listing
