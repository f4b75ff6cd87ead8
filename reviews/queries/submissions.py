"""Submissions as their authors see them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from gpts.assistants.models import GPT
from reviews.models import Decision, Submission
from reviews.states import OPEN_SUBMISSIONS, SubmissionState
from workspaces.models import User

BAD_STATES = (SubmissionState.REJECTED, SubmissionState.QUARANTINED, SubmissionState.REMOVED)
GOOD_STATES = (SubmissionState.APPROVED, SubmissionState.LIVE)


@dataclass(frozen=True)
class SubmissionStatus:
    """The newest submission of a GPT, None without one, and the newest decision on it.

    The builder reads the decision's statement at ``/reviews/decisions/<id>``.
    """

    submission: Submission | None
    decision: Decision | None

    @property
    def is_open(self) -> bool:
        return self.submission is not None and self.submission.state in OPEN_SUBMISSIONS

    @property
    def can_submit(self) -> bool:
        return not self.is_open

    @property
    def can_withdraw(self) -> bool:
        return self.is_open

    @property
    def state(self) -> str:
        return "" if self.submission is None else self.submission.state

    @property
    def label(self) -> str:
        return "" if self.submission is None else self.submission.get_state_display()

    @property
    def kind(self) -> str:
        """The badge's colour: good, bad, warn, info or empty."""
        if self.state in GOOD_STATES:
            return "good"
        if self.state in BAD_STATES:
            return "bad"
        if self.state == SubmissionState.CHANGES_REQUESTED:
            return "warn"
        return "info" if self.is_open else ""


def submission_status(gpt: GPT) -> SubmissionStatus:
    """Return the status of the newest submission of ``gpt``. At most two queries."""
    submission = Submission.objects.filter(gpt=gpt).select_related("version", "case").order_by("-id").first()
    if submission is None:
        return SubmissionStatus(submission=None, decision=None)
    decision = Decision.objects.filter(case__submission=submission).order_by("-round").first()
    return SubmissionStatus(submission=submission, decision=decision)


def list_own_submissions(user: User) -> QuerySet[Submission]:
    """Return submissions by ``user`` or of GPTs that they own."""
    return Submission.objects.filter(Q(gpt__owner=user) | Q(submitted_by=user)).select_related(
        "gpt", "version"
    )


def gpts_in_review(gpt_ids: Collection[int]) -> set[int]:
    """Return those of ``gpt_ids`` that have an open submission, in one query."""
    open_submissions = Submission.objects.filter(gpt_id__in=gpt_ids, state__in=OPEN_SUBMISSIONS)
    return set(open_submissions.values_list("gpt_id", flat=True))
