"""Reads sharing policies: what rules a person in each workspace of theirs, and a policy as its editors see.

For pages and lists about GPTs of other workspaces, read once and decide for many::

    policies = load_policies(person)
    decisions = decide_external(policies, [ExternalGPT(gpt.pk, gpt.workspace_id) for gpt in gpts])
    listings = listings.filter(allowed_external(policies, gpt="gpt__"))
    allowed = load_policies_of(user_ids)          # of everybody whose turns run, in one query

Every company of the person must allow a GPT from outside, whatever workspace pays. A GPT is external to a
company unless it belongs to a workspace of which the person is a member. Whether it is approved or blocked is
a fact of the caller's, by company: ``ExternalGPT`` and ``allowed_external(approved=…, blocked=…)``. A block
refuses it before any rule is asked.
``check_external`` raises with the sentence that names the company and the rule.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import LimitUnreadable
from workspaces.models import GroupMember, Member, PolicyRevision, PolicyRule, SharingPolicy
from workspaces.policy import (
    BLOCKED,
    RULED,
    Act,
    Approval,
    Decision,
    Effect,
    Judge,
    Person,
    Policy,
    Rule,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
    judge,
)
from workspaces.states import WorkspaceKind

# Among the closed acts that the database returns: the workspace is archived.
ARCHIVED = "archived"
# What nobody does in an archived workspace; people still read, export and use GPTs of others elsewhere.
ARCHIVED_ACTS = frozenset(RULED) - {Act.EXPORT, Act.USE_API, Act.USE_EXTERNAL}


@dataclass(frozen=True)
class WorkspacePolicy:
    """What rules one person in one workspace: only the rules that concern them."""

    workspace_id: int
    name: str
    slug: str
    kind: str
    person: Person
    revision: int
    policy: Policy
    # Read only: the policy refuses ARCHIVED_ACTS, whatever its rules say.
    is_archived: bool = False

    def judge(self, act: Act) -> Judge:
        return judge(self.policy, self.person, act)


@dataclass(frozen=True)
class PersonPolicies:
    """The policies of all workspaces of a person; none for somebody without any."""

    person_id: int
    workspaces: tuple[WorkspacePolicy, ...] = ()

    def find(self, workspace_id: int) -> WorkspacePolicy | None:
        return next((found for found in self.workspaces if found.workspace_id == workspace_id), None)

    @property
    def companies(self) -> tuple[WorkspacePolicy, ...]:
        return tuple(found for found in self.workspaces if found.kind != WorkspaceKind.PERSONAL)

    @property
    def own_ids(self) -> frozenset[int]:
        return frozenset(found.workspace_id for found in self.workspaces)


def load_policies(person_id: int) -> PersonPolicies:
    """Return what rules a person, of every workspace that they are in, in one query and in any open scope.

    Raises LimitUnreadable when a workspace has no policy that can be read.
    """
    return load_policies_of([person_id])[person_id]


def load_policies_of(people: Collection[int]) -> dict[int, PersonPolicies]:
    """Return what load_policies returns for each of ``people``, in one query."""
    found: dict[int, list[WorkspacePolicy]] = {person_id: [] for person_id in people}
    for row in _read(people, None):
        found[row.person.id].append(row)
    return {person_id: PersonPolicies(person_id, tuple(rows)) for person_id, rows in found.items()}


def load_readable_policies_of(people: Collection[int]) -> dict[int, PersonPolicies]:
    """Return what load_policies_of does, without the people of whom a policy cannot be read; in one query.

    For checks of many people at once, where one unreadable policy must not decide about the others.
    """
    found: dict[int, list[WorkspacePolicy]] = {person_id: [] for person_id in people}
    for person_id, *row in _fetch(people, None):
        if person_id not in found:
            continue
        try:
            found[person_id].append(_build_row(person_id, *row))
        except LimitUnreadable:
            del found[person_id]
    return {person_id: PersonPolicies(person_id, tuple(rows)) for person_id, rows in found.items()}


def load_policy(person_id: int, workspace_id: int) -> WorkspacePolicy:
    """Return what rules a person in one workspace, also where they are no member; raises LimitUnreadable."""
    rows = _read([person_id], workspace_id)
    if not rows:
        raise _unreadable()
    return rows[0]


def _read(people: Collection[int], workspace_id: int | None) -> list[WorkspacePolicy]:
    return [_build_row(*row) for row in _fetch(people, workspace_id)]


def _fetch(people: Collection[int], workspace_id: int | None) -> list[tuple[Any, ...]]:
    if not people:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM workspaces_policies_of(%s::bigint[], %s::bigint)", [list(people), workspace_id]
        )
        return cursor.fetchall()


def _build_row(
    person_id: int,
    workspace_id: int,
    name: str,
    slug: str,
    kind: str,
    role: str,
    group_ids: list[int],
    revision: int | None,
    closed: list[str] | None,
    rules: str | None,
) -> WorkspacePolicy:
    if revision is None or closed is None:
        raise _unreadable()
    is_archived = ARCHIVED in closed
    policy = Policy(
        frozenset(_build_rule(*values) for values in json.loads(rules or "[]")),
        _read_acts(act for act in closed if act != ARCHIVED),
    )
    if is_archived:
        kept = (rule for rule in policy.rules if rule.act not in ARCHIVED_ACTS)
        policy = Policy(frozenset(kept), policy.closed | ARCHIVED_ACTS)
    person = Person(person_id, role, frozenset(group_ids))
    return WorkspacePolicy(workspace_id, name, slug, kind, person, revision, policy, is_archived)


def _build_rule(
    act: str, subject_kind: str, subject: str, target_kind: str, target: str, effect: str
) -> Rule:
    try:
        return Rule(
            Act(act),
            Subject(SubjectKind(subject_kind), subject),
            Target(TargetKind(target_kind), target),
            Effect(effect),
        )
    except ValueError as error:
        # A rule of a newer release: leaving a deny out would allow what it forbids.
        raise _unreadable() from error


def _read_acts(values: Iterable[str]) -> frozenset[Act]:
    try:
        return frozenset(Act(value) for value in values)
    except ValueError as error:
        raise _unreadable() from error


def _unreadable() -> LimitUnreadable:
    return LimitUnreadable(
        _("The sharing rules of this workspace cannot be read, so nothing was done. Tell an operator."),
        code="limit_unreadable",
    )


# GPTs of other workspaces ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExternalGPT:
    """A GPT that a person would use, and the workspaces that approved it for this person or blocked it."""

    gpt_id: int
    workspace_id: int
    approved_in: frozenset[int] = frozenset()
    blocked_in: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ExternalDecision:
    """Whether a person may use a GPT; otherwise the first company that refuses it, and its decision."""

    is_allowed: bool
    company: WorkspacePolicy | None = None
    decision: Decision | None = None


ALLOWED = ExternalDecision(is_allowed=True)


def decide_external(policies: PersonPolicies, gpts: Iterable[ExternalGPT]) -> dict[int, ExternalDecision]:
    """Return by the GPTs' ids whether the person may use each, as the companies of the person decide."""
    own = policies.own_ids
    judges = [(company, company.judge(Act.USE_EXTERNAL)) for company in policies.companies]
    named = {
        int(target.value)
        for _company, judged in judges
        for target in (*judged.denies, *judged.allows)
        if target.kind == TargetKind.GPT
    }
    # The same answer for all GPTs that no rule names, by the companies that approved and blocked them.
    usual: dict[tuple[frozenset[int], frozenset[int]], ExternalDecision] = {}
    found = {}
    for gpt in gpts:
        if gpt.workspace_id in own:
            found[gpt.gpt_id] = ALLOWED
        elif gpt.gpt_id in named:
            found[gpt.gpt_id] = _decide_one(gpt, judges)
        else:
            facts = (gpt.approved_in, gpt.blocked_in)
            if facts not in usual:
                usual[facts] = _decide_one(gpt, judges)
            found[gpt.gpt_id] = usual[facts]
    return found


def _decide_one(gpt: ExternalGPT, judges: list[tuple[WorkspacePolicy, Judge]]) -> ExternalDecision:
    for company, judged in judges:
        if company.workspace_id in gpt.blocked_in:
            return ExternalDecision(is_allowed=False, company=company, decision=BLOCKED)
        is_approved = company.workspace_id in gpt.approved_in
        decision = judged.decide(external_targets(gpt.gpt_id, is_approved=is_approved))
        if not decision.is_allowed:
            return ExternalDecision(is_allowed=False, company=company, decision=decision)
    return ALLOWED


def external_targets(gpt_id: int, *, is_approved: bool) -> tuple[Target, Target]:
    """Return what describes an external GPT to the rules of one company."""
    approval = Approval.APPROVED if is_approved else Approval.UNAPPROVED
    return Target(TargetKind.GPT, str(gpt_id)), Target(TargetKind.APPROVAL, approval)


def allowed_external(
    policies: PersonPolicies,
    *,
    gpt: str = "",
    approved: Mapping[int, Collection[int]] | None = None,
    blocked: Mapping[int, Collection[int]] | None = None,
) -> Q:
    """Return the condition that the person may use a GPT, which decide_external says of each.

    ``gpt`` is the prefix of its columns ("gpt__") or empty; ``approved`` the ids of the GPTs that each
    workspace approved for this person, ``blocked`` those that it blocked.
    """
    condition = Q()
    name = f"{gpt}pk__in" if gpt else "pk__in"
    for company in policies.companies:
        refused = (blocked or {}).get(company.workspace_id, ())
        if refused:
            condition &= ~Q(**{name: sorted(refused)})
        judged = company.judge(Act.USE_EXTERNAL)
        if not judged.denies and not judged.allows and judged.default.is_allowed:
            continue
        chosen = set((approved or {}).get(company.workspace_id, ()))
        named = {
            int(target.value) for target in (*judged.denies, *judged.allows) if target.kind == TargetKind.GPT
        }
        others = judged.decide((Target(TargetKind.APPROVAL, Approval.UNAPPROVED),)).is_allowed
        exceptions = {
            identifier
            for identifier in chosen | named
            if judged.decide(external_targets(identifier, is_approved=identifier in chosen)).is_allowed
            != others
        }
        listed = Q(**{name: sorted(exceptions)})
        condition &= ~listed if others else listed
    if not condition:
        return condition
    return Q(**{f"{gpt}workspace_id__in": sorted(policies.own_ids)}) | condition


# A policy as its editors see it ----------------------------------------------------------------------------


@dataclass(frozen=True)
class PolicyDraft:
    """A whole policy with the number of the revision that it is, or from which it was changed."""

    revision: int
    policy: Policy


def get_sharing_policy(workspace_id: int) -> SharingPolicy:
    """Return the policy row that every workspace has.

    Raises LimitUnreadable where it is missing or hidden: no row must not read as "everything is allowed".
    """
    policy = SharingPolicy.objects.filter(workspace_id=workspace_id).first()
    if policy is None:
        raise _unreadable()
    return policy


def read_policy(workspace_id: int) -> PolicyDraft:
    """Return the whole policy of a workspace, in two queries."""
    row = get_sharing_policy(workspace_id)
    rules = PolicyRule.objects.filter(workspace_id=workspace_id)
    return PolicyDraft(
        row.revision, Policy(frozenset(read_rule(rule) for rule in rules), _read_acts(row.closed_acts))
    )


def read_rule(row: PolicyRule) -> Rule:
    subject = row.group_id or row.person_id or row.role
    return _build_rule(row.act, row.subject_kind, str(subject), row.target_kind, row.target_value, row.effect)


def find_ruled_workspaces() -> set[int]:
    """Return the workspaces with rules about leaving them, as far as the open scope shows them."""
    acts = [Act.SHARE_BY_LINK.value, Act.PUBLISH.value]
    closed = SharingPolicy.objects.filter(closed_acts__overlap=acts).values_list("workspace_id", flat=True)
    rules = PolicyRule.objects.filter(act__in=acts).values_list("workspace_id", flat=True)
    return {*closed, *rules.distinct()}


def list_revisions(workspace_id: int) -> list[PolicyRevision]:
    """Return the history of a workspace's policy, the newest first, with who made each revision."""
    return list(
        PolicyRevision.objects.filter(workspace_id=workspace_id)
        .select_related("created_by")
        .order_by("-number")
    )


def find_revision(workspace_id: int, number: int) -> PolicyRevision | None:
    if not 0 < number < 2**31:
        return None
    return PolicyRevision.objects.filter(workspace_id=workspace_id, number=number).first()


def write_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON; read_written_policy reads it back."""
    return {"closed": sorted(policy.closed), "rules": [write_rule(rule) for rule in sorted(policy.rules)]}


def write_rule(rule: Rule) -> dict[str, str]:
    return {
        "act": rule.act.value,
        "subject_kind": rule.subject.kind.value,
        "subject": rule.subject.value,
        "target_kind": rule.target.kind.value,
        "target": rule.target.value,
        "effect": rule.effect.value,
    }


def read_written_policy(written: Mapping[str, Any]) -> Policy:
    """Read what write_policy wrote; raises LimitUnreadable for rules of a newer release."""
    rules = frozenset(
        _build_rule(
            rule["act"],
            rule["subject_kind"],
            rule["subject"],
            rule["target_kind"],
            rule["target"],
            rule["effect"],
        )
        for rule in written["rules"]
    )
    return Policy(rules, _read_acts(written["closed"]))


def summarise_external(policy: Policy) -> str:
    """Return what holds for everyone about GPTs from outside: "all", "approved" or "none"."""
    judged = judge(policy, Person(0), Act.USE_EXTERNAL)
    if judged.decide((Target(TargetKind.APPROVAL, Approval.UNAPPROVED),)).is_allowed:
        return "all"
    approved = judged.decide((Target(TargetKind.APPROVAL, Approval.APPROVED),)).is_allowed
    return "approved" if approved else "none"


def list_ruled_people(workspace_id: int) -> list[Person]:
    """Return the members of a workspace as rules see them, in two queries."""
    groups: dict[int, set[int]] = {}
    seats = GroupMember.objects.filter(group__workspace_id=workspace_id)
    for member_id, group_id in seats.values_list("member_id", "group_id"):
        groups.setdefault(member_id, set()).add(group_id)
    members = Member.objects.filter(workspace_id=workspace_id).order_by("user_id")
    return [
        Person(user_id, role, frozenset(groups.get(member_id, ())))
        for member_id, user_id, role in members.values_list("pk", "user_id", "role")
    ]
