"""Who may judge a case, take one over or object to a decision."""

from __future__ import annotations

from rules import add_perm

from reviews.models import Case
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.rules import is_moderator, is_operator


def get_conflict_of_interest(user: User, case: Case) -> str:
    """Return why ``user`` may not judge ``case``, empty when they may.

    "own": they built or submitted it; "workspace": they are a member of the GPT's workspace; "origin": they
    made the decision that is appealed or confirmed; "reporter": they reported it.
    """
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
add_perm("reviews.take_over", is_lead)
