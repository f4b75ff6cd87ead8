"""Reading moderation: the queue, cases, decisions, submissions, policies and the yearly figures."""

from reviews.queries.cases import CaseDetail, get_case_detail, get_subject_name
from reviews.queries.decisions import (
    PayoutHold,
    get_author_statement,
    list_decisions,
    list_payout_holds,
)
from reviews.queries.queue import (
    QueueFilters,
    count_queues,
    find_next_by_hand,
    get_queue_page,
    get_queue_row,
    list_queue,
)
from reviews.queries.submissions import SubmissionStatus, list_own_submissions, submission_status

__all__ = [
    "CaseDetail",
    "PayoutHold",
    "QueueFilters",
    "SubmissionStatus",
    "count_queues",
    "find_next_by_hand",
    "get_author_statement",
    "get_case_detail",
    "get_queue_page",
    "get_queue_row",
    "get_subject_name",
    "list_decisions",
    "list_own_submissions",
    "list_payout_holds",
    "list_queue",
    "submission_status",
]
