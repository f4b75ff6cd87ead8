"""Who may work on what in moderation."""

from __future__ import annotations

from typing import Any

from rules import add_perm, predicate

from reviews.models import Case
from workspaces.queries import get_user_roles
from workspaces.rules import is_moderator, is_operator


@predicate
def is_free_of_interest(user: Any, case: Case | None) -> bool:
    """R-5: the decider is not the author, not of the author's workspace, not the reporter, and not the
    one whose decision is appealed or confirmed.
    """
    return case is not None and conflict_of_interest(user, case) == ""


def conflict_of_interest(user: Any, case: Case) -> str:
    """Return why ``user`` may not judge ``case``: own, workspace, origin, reporter; empty when free."""
    if case.builder_id == user.pk or (case.submission and case.submission.submitted_by_id == user.pk):
        return "own"
    if case.gpt is not None and get_user_roles(user).membership_in(case.gpt.workspace_id) is not None:
        return "workspace"
    if case.origin is not None and case.origin.decider_id == user.pk:
        return "origin"
    if case.reports.filter(reporter=user).exists():
        return "reporter"
    return ""


# A lead is a moderator who also operates the instance.
is_lead = is_moderator & is_operator

add_perm("reviews.work_queue", is_moderator)
add_perm("reviews.judge_case", is_moderator & is_free_of_interest)
add_perm("reviews.take_over", is_lead)
