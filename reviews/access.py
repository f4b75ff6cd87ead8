"""Fetch and authorise in one call, or raise: cases for moderators, decisions and reports for their people."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from reviews.models import Case, Decision, Report, Submission
from reviews.rules import sees_restricted
from reviews.scope import open_moderation_scope
from reviews.states import EnforcementState
from workspaces.models import User


def not_found() -> NotFound:
    return NotFound(_("There is nothing here, or it is not for you."), code="not_found")


def access_queue(user: User | AnonymousUser) -> None:
    """Let moderators pass; NotFound to all others."""
    if not user.has_perm("reviews.work_queue"):
        raise not_found()


def access_case(user: User, case_id: UUID) -> Case:
    """Return a case to a moderator; NotFound to all others, as for one that does not exist.

    Cases of the restricted lane do not exist for moderators without the role for child safety.
    """
    access_queue(user)
    case = (
        Case.objects.select_related(
            "gpt__workspace", "builder", "submission__version", "submission__submitted_by",
            "claim__moderator", "origin__case", "origin__decider",
        )
        .filter(pk=case_id)
        .first()
    )  # fmt: skip
    if case is None or (case.is_restricted and not sees_restricted(user)):
        raise not_found()
    return case


def access_own_decision(user: User, decision_id: UUID) -> Decision:
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


def access_own_report(user: User, report_id: UUID) -> Report:
    """Return a report to the person who filed it; NotFound to all others."""
    with open_moderation_scope():
        report = Report.objects.filter(pk=report_id, reporter=user).first()
    if report is None:
        raise not_found()
    return report


def access_own_submission(user: User, submission_id: UUID) -> Submission:
    """Return a submission to the GPT's owner or to the person who submitted it."""
    submission = Submission.objects.select_related("gpt", "version").filter(pk=submission_id).first()
    if submission is None or user.pk not in (submission.gpt.owner_id, submission.submitted_by_id):
        raise not_found()
    return submission
