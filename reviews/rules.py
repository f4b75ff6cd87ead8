"""Who may judge a case, take one over or object to a decision."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from rules import add_perm

from core.scope import current_scope
from reviews.models import Case, Decision, Enforcement, Escalation
from reviews.states import CaseKind
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.rules import is_child_safety, is_moderator, is_operator
from workspaces.states import Staff


def sees_restricted(user: User) -> bool:
    """Return whether ``user`` sees the restricted lane in the current scope, which an API key may narrow."""
    scope = current_scope()
    is_in_scope = scope.system != "" or Staff.CHILD_SAFETY in scope.staff
    return is_in_scope and is_moderator(user) and is_child_safety(user)


def filter_visible(cases: QuerySet[Case], user: User) -> QuerySet[Case]:
    """Return those of ``cases`` that ``user``, a moderator, may know of."""
    return cases if sees_restricted(user) else cases.filter(is_restricted=False)


def list_cases_acted_on(user: User) -> QuerySet[Case]:
    """Return the cases whose outcome ``user`` had a part in.

    That is: decided in any round, confirmed or sent back as second person, answered an objection about, or
    escalated.
    """
    decided = Decision.objects.filter(decider=user)
    escalated = Escalation.objects.filter(moderator=user)
    approvals = escalated.filter(case__kind=CaseKind.SECOND_APPROVAL)
    return Case.objects.filter(
        Q(pk__in=decided.values("case_id"))
        | Q(pk__in=decided.filter(case__origin__isnull=False).values("case__origin__case_id"))
        | Q(pk__in=Enforcement.objects.filter(released_by=user).values("decision__case_id"))
        | Q(pk__in=escalated.values("case_id"))
        | Q(pk__in=approvals.filter(case__origin__isnull=False).values("case__origin__case_id"))
    )


def is_about_own_decision(user: User) -> Q:
    """Return the condition that a case reviews something that ``user`` had a part in.

    An objection goes to somebody who never acted on the case; a second approval to another person than the
    decider; a case that was reopened because its decision was overturned to another person than its decider.
    """
    overturned = Decision.objects.filter(decider=user, overrides__isnull=False)
    return (
        Q(kind=CaseKind.APPEAL, origin__case__in=list_cases_acted_on(user))
        | Q(kind=CaseKind.SECOND_APPROVAL, origin__decider=user)
        | Q(pk__in=overturned.values("case_id"))
    )


def exclude_conflicts(cases: QuerySet[Case], user: User) -> QuerySet[Case]:
    """Return those of ``cases`` that ``user`` may judge; the same rules as get_conflict_of_interest."""
    workspaces = [membership.workspace_id for membership in get_user_roles(user).memberships]
    return (
        cases.exclude(builder=user)
        .exclude(submission__submitted_by=user)
        .exclude(gpt__workspace_id__in=workspaces)
        .exclude(is_about_own_decision(user))
        .exclude(reports__reporter=user)
    )


def get_conflict_of_interest(user: User, case: Case) -> str:
    """Return why ``user`` may not judge ``case``, empty when they may.

    "own": they built or submitted it; "workspace": they are a member of the GPT's workspace; "origin": they
    had a part in the decision that is appealed, confirmed or reopened; "reporter": they reported it.
    """
    if case.builder_id == user.pk or (case.submission and case.submission.submitted_by_id == user.pk):
        return "own"
    if case.gpt is not None and get_user_roles(user).membership_in(case.gpt.workspace_id) is not None:
        return "workspace"
    if Case.objects.filter(is_about_own_decision(user), pk=case.pk).exists():
        return "origin"
    if case.reports.filter(reporter=user).exists():
        return "reporter"
    return ""


# A lead is a moderator who also operates the instance.
is_lead = is_moderator & is_operator

add_perm("reviews.work_queue", is_moderator)
add_perm("reviews.take_over", is_lead)
