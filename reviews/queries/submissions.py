"""What an author sees of the way of their versions into the store."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from core.pagination import Page, paginate
from gpts.assistants.models import GPT
from reviews.models import Decision, Submission
from reviews.states import OPEN_SUBMISSIONS, SubmissionState

SHOWN_AS_BAD = (SubmissionState.REJECTED, SubmissionState.QUARANTINED, SubmissionState.REMOVED)
SHOWN_AS_GOOD = (SubmissionState.APPROVED, SubmissionState.LIVE)


@dataclass(frozen=True)
class SubmissionStatus:
    """Where the newest submission of a GPT stands. Without one, ``submission`` is None and it may submit.

    ``decision`` is the newest on it; its public reasoning is at ``/reviews/decisions/<id>``.
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
        """The badge's kind: good, bad, warn, info or empty."""
        if self.state in SHOWN_AS_GOOD:
            return "good"
        if self.state in SHOWN_AS_BAD:
            return "bad"
        if self.state == SubmissionState.CHANGES_REQUESTED:
            return "warn"
        return "info" if self.is_open else ""


def submission_status(gpt: GPT) -> SubmissionStatus:
    """Return where the newest submission of ``gpt`` stands. Two queries at most."""
    submission = Submission.objects.filter(gpt=gpt).select_related("version", "case").order_by("-id").first()
    if submission is None:
        return SubmissionStatus(submission=None, decision=None)
    decision = Decision.objects.filter(case__submission=submission).order_by("-round").first()
    return SubmissionStatus(submission=submission, decision=decision)


def own_rows(user: Any) -> QuerySet[Submission]:
    """Return what ``user`` submitted or whose GPT they own."""
    return Submission.objects.filter(Q(gpt__owner=user) | Q(submitted_by=user)).select_related(
        "gpt", "version"
    )


def own_submissions(user: Any, *, cursor: str = "", size: int = 24) -> Page[Submission]:
    """Return one page of one's own submissions, newest first."""
    return paginate(own_rows(user), order=("-id",), cursor=cursor, size=size)


def gpts_in_review(gpt_ids: Collection[int]) -> set[int]:
    """Return those of ``gpt_ids`` that have an open submission, in one query."""
    open_ones = Submission.objects.filter(gpt_id__in=gpt_ids, state__in=OPEN_SUBMISSIONS)
    return set(open_ones.values_list("gpt_id", flat=True))
