"""GPTs of other workspaces: whether the companies of a person let them use one.

Every way to use a GPT asks here: starting and continuing a chat, calling it with "@", what the store offers.
The companies of the person decide, whatever workspace pays: by what their admins approved or blocked, and by
their sharing policies.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from core.errors import DomainError
from gpts.assistants.models import GPT
from gpts.assistants.queries.adoptions import load_adoptions, load_adoptions_of
from workspaces.acts import check_external
from workspaces.models import User
from workspaces.queries import (
    ExternalGPT,
    allowed_external,
    decide_external,
    get_user_roles,
    load_policies,
    load_readable_policies_of,
)


def check_use(user: User, gpt: GPT) -> None:
    """Raise Forbidden (``external_not_allowed``) when a company of ``user`` refuses a GPT from outside.

    No query for people without a company and for GPTs of their own workspaces, else two.
    """
    if _may_be_refused(user, gpt):
        adoptions = load_adoptions(user.pk, gpts=[gpt.pk])
        check_external(user.pk, adoptions.describe(gpt.pk, gpt.workspace_id))


def find_refusal(user: User, gpt: GPT) -> DomainError | None:
    """Return the error of check_use, for a page that says why."""
    try:
        check_use(user, gpt)
    except DomainError as refusal:
        return refusal
    return None


def build_usable_filter(user: User, *, gpt: str = "") -> Q:
    """Return the condition that ``user`` may use a GPT; ``gpt`` is the prefix of its columns ("gpt__").

    Two queries however many GPTs there are, none for people without a company.
    """
    if not get_user_roles(user).companies:
        return Q()
    adoptions = load_adoptions(user.pk)
    return allowed_external(
        load_policies(user.pk), gpt=gpt, approved=adoptions.approved, blocked=adoptions.blocked
    )


def find_refused_uses(uses: Iterable[tuple[int, int, int]]) -> set[tuple[int, int]]:
    """Return the pairs of (person, GPT) that a company refuses, of ``uses`` (person, GPT, its workspace).

    A policy that cannot be read refuses its people. Two queries for all of them.
    """
    uses = list(uses)
    if not uses:
        return set()
    people = {user_id for user_id, _gpt_id, _workspace_id in uses}
    policies = load_readable_policies_of(people)
    adoptions = load_adoptions_of(people, gpts={gpt_id for _user_id, gpt_id, _workspace_id in uses})
    by_person: dict[int, list[ExternalGPT]] = {}
    for user_id, gpt_id, workspace_id in uses:
        if user_id not in policies:
            continue
        by_person.setdefault(user_id, []).append(adoptions[user_id].describe(gpt_id, workspace_id))
    unreadable = {(user_id, gpt_id) for user_id, gpt_id, _workspace_id in uses if user_id not in policies}
    return unreadable | {
        (user_id, gpt_id)
        for user_id, gpts in by_person.items()
        for gpt_id, decision in decide_external(policies[user_id], gpts).items()
        if not decision.is_allowed
    }


def _may_be_refused(user: User, gpt: GPT) -> bool:
    roles = get_user_roles(user)
    return bool(roles.companies) and roles.membership_in(gpt.workspace_id) is None
