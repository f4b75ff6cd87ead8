"""Reading moderation: one module for each kind of reader."""

from reviews.queries.cases import CaseDetail, case_detail, look_at
from reviews.queries.decisions import decision_log, payout_holds, statement_for_author
from reviews.queries.queue import QueueFilters, queue, queue_counts, queue_rows
from reviews.queries.submissions import SubmissionStatus, own_submissions, submission_status

__all__ = [
    "CaseDetail",
    "QueueFilters",
    "SubmissionStatus",
    "case_detail",
    "decision_log",
    "look_at",
    "own_submissions",
    "payout_holds",
    "queue",
    "queue_counts",
    "queue_rows",
    "statement_for_author",
    "submission_status",
]
