"""What a decision on a pre-listing case means for the submission that it judged."""

from __future__ import annotations

from datetime import datetime

from reviews.models import Case, Decision, Submission
from reviews.states import Outcome, SubmissionAction, move_submission

ACTION_OF_OUTCOME = {
    Outcome.APPROVE: SubmissionAction.APPROVE,
    Outcome.REQUEST_CHANGES: SubmissionAction.REQUEST_CHANGES,
    Outcome.REJECT: SubmissionAction.REJECT,
}


def judge_submission(case: Case, decision: Decision, *, at: datetime) -> None:
    """Move the submission of the case, if it has one. The hash judged is its version's by construction."""
    if case.submission_id is None:
        return
    submission = Submission.objects.select_for_update(of=("self",)).get(pk=case.submission_id)
    submission.state = move_submission(submission.state, ACTION_OF_OUTCOME[Outcome(decision.outcome)])
    submission.closed_at = at
    submission.save(update_fields=["state", "closed_at"])
