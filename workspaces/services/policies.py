"""Changes of a workspace's sharing policy. Each makes a revision, which keeps the whole policy as it was.

Callers have authorised the person (``WorkspaceAct.MANAGE_POLICY``). Listings follow the rules through
``marketplace.services.publishing``, whose ``save_policy`` pages and API call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.text import clean_line
from workspaces.access import open_admin_scope
from workspaces.models import Group, Member, PolicyRevision, PolicyRule, SharingPolicy, User, Workspace
from workspaces.models.policy import NOTE_LENGTH
from workspaces.policy import (
    ANY_TARGET,
    EVERYONE,
    RULED,
    Act,
    Approval,
    Effect,
    Policy,
    PolicyDifference,
    Rule,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
    compare,
    keeps_inside,
    refuses_everybody,
)
from workspaces.policy_words import ACTS
from workspaces.queries import get_sharing_policy, read_policy, read_written_policy, write_policy, write_rule
from workspaces.services.actors import is_automated
from workspaces.services.locks import lock_workspaces
from workspaces.states import Role

MAX_RULES = 1000
MAX_VALUE = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
# A stored draft of a policy in requests: one mapping of texts for each rule.
WrittenRule = Mapping[str, str]


# What a request says ----------------------------------------------------------------------------------------


def parse_policy(rules: Iterable[WrittenRule], closed: Iterable[str]) -> Policy:
    """Read a policy as a request spells it, with the keys of ``queries.write_rule``.

    Raises InvalidInput that says how to mend it; ``field`` is ``rules.<place>.<key>``. Whether groups, people
    and targets exist is asked when it is saved.
    """
    found: dict[tuple[Act, Subject, Target], Rule] = {}
    for place, written in enumerate(rules):
        if place >= MAX_RULES:
            raise InvalidInput(
                _("A policy has at most %(count)d rules. Use groups instead of single people.")
                % {"count": MAX_RULES},
                code="too_many_rules",
                field="rules",
            )
        rule = _parse_rule(written, f"rules.{place}")
        same = found.setdefault((rule.act, rule.subject, rule.target), rule)
        if same.effect != rule.effect:
            raise InvalidInput(
                _("Two rules allow and forbid the same thing to the same people. Remove one of them."),
                code="rules_contradict",
                field=f"rules.{place}.effect",
            )
    return Policy(frozenset(found.values()), frozenset(_parse_act(act, "closed") for act in closed))


def _parse_rule(written: WrittenRule, field: str) -> Rule:
    act = _parse_act(written.get("act", ""), f"{field}.act")
    subject = _parse_subject(
        written.get("subject_kind", ""), written.get("subject", "").strip(), f"{field}.subject"
    )
    target = _parse_target(
        act, written.get("target_kind", ""), written.get("target", "").strip(), f"{field}.target"
    )
    effect = written.get("effect", "")
    if effect not in list(Effect):
        raise InvalidInput(
            _("Choose whether the rule allows or forbids."), code="unknown_effect", field=f"{field}.effect"
        )
    return Rule(act, subject, target, Effect(effect))


def _parse_act(value: str, field: str) -> Act:
    if value not in {act.value for act in RULED}:
        raise InvalidInput(
            _("No policy rules this act. Choose one of the list."), code="unknown_act", field=field
        )
    return Act(value)


def _parse_subject(kind: str, value: str, field: str) -> Subject:
    if kind == SubjectKind.EVERYONE:
        return EVERYONE
    if kind == SubjectKind.ROLE and value in Role.values:
        return Subject(SubjectKind.ROLE, value)
    if kind in (SubjectKind.GROUP, SubjectKind.PERSON) and _NUMBER.fullmatch(value):
        return Subject(SubjectKind(kind), value)
    raise InvalidInput(
        _("Choose whom the rule is about: everyone, a role, a group or a member."),
        code="unknown_subject",
        field=field,
    )


def _parse_target(act: Act, kind: str, value: str, field: str) -> Target:
    if kind == TargetKind.ANY:
        return ANY_TARGET
    if kind not in {allowed.value for allowed in RULED[act]}:
        raise InvalidInput(
            _("Rules of “%(act)s” are not about this kind of thing. Choose another, or everything.")
            % {"act": ACTS[act].label},
            code="unknown_target_kind",
            field=field,
        )
    if kind == TargetKind.HOST:
        return Target(TargetKind.HOST, clean_host(value, field=field))
    if kind == TargetKind.APPROVAL:
        is_known = value in list(Approval)
    elif kind == TargetKind.CAPABILITY:
        is_known = 0 < len(value) <= MAX_VALUE
    else:
        is_known = _NUMBER.fullmatch(value) is not None
    if not is_known:
        raise InvalidInput(
            _("Choose what the rule is about from the list."), code="unknown_target", field=field
        )
    return Target(TargetKind(kind), value)


def clean_host(value: str, *, field: str) -> str:
    """Return a host in lower case and ASCII, without a leading ``*.``; it stands for its subdomains too."""
    host = value.strip().lower().removeprefix("*.").rstrip(".")
    try:
        host = host.encode("idna").decode() if 0 < len(host) <= MAX_VALUE else ""
    except UnicodeError:
        host = ""
    labels = host.split(".")
    if not host or len(host) > MAX_VALUE or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidInput(
            _("Write a host alone, such as api.example.com, without https:// and without a path."),
            code="host_invalid",
            field=field,
        )
    return host


# Saving -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Change:
    """A revision that was written, with the rules of each act that differ, before and after."""

    row: SharingPolicy
    changes: dict[str, tuple[Any, Any]]


@transaction.atomic
def replace_policy(
    *, workspace: Workspace, policy: Policy, revision: int, note: str = "", by: User, at: datetime
) -> int:
    """Save ``policy``, which was changed from ``revision``; return the number of the new revision.

    Writes the rules that differ, one revision and one audit event. The same policy again changes nothing.
    Raises Conflict (``policy_changed``) when somebody else saved meanwhile: ``data`` has the present
    ``revision``, ``by``, ``at``, and what was added and removed since. Raises InvalidInput for new rules
    about groups of another workspace and people who are no members. Nothing is written then.
    """
    row = _lock(workspace)
    change = _replace(row, policy, revision=revision, note=note, by=by, at=at)
    if change is not None:
        _record("workspaces.policy_changed", change, by, at)
    return row.revision


def _replace(
    row: SharingPolicy, policy: Policy, *, revision: int, note: str, by: User, at: datetime
) -> _Change | None:
    note = clean_line(note, max_length=NOTE_LENGTH, field="note", required=False)
    current = read_policy(row.workspace_id).policy
    if current == policy:
        return None
    if row.revision != revision:
        raise _changed_meanwhile(row.workspace_id, row.revision, revision)
    _check_subjects(row.workspace_id, policy.rules - current.rules)
    return _write(row, current, policy, note=note, by=by, at=at)


def _lock(workspace: Workspace) -> SharingPolicy:
    get_sharing_policy(workspace.pk)  # where it is missing, the change is refused, not only the lock
    with _open(workspace.pk):
        lock_workspaces([workspace.pk])  # before the policy, as the deletion of a group does
        return SharingPolicy.objects.select_for_update(of=("self",)).get(workspace_id=workspace.pk)


def _open(workspace_id: int, by: User | None = None) -> AbstractContextManager[Any]:
    return open_admin_scope(workspace_id, user_id=by.pk if by is not None else 0)


def _changed_meanwhile(workspace_id: int, present: int, read: int) -> Conflict:
    rows = {
        row.number: row
        for row in PolicyRevision.objects.filter(
            workspace_id=workspace_id, number__in=(present, read)
        ).select_related("created_by")
    }
    last = rows.get(present)
    data: dict[str, Any] = {"revision": present, "added": [], "removed": []}
    if last is not None:
        before = read_written_policy(rows[read].policy) if read in rows else Policy()
        difference = compare(before, read_written_policy(last.policy))
        data |= {
            "at": last.created_at.isoformat(),
            "by": last.created_by_id,
            "added": [
                write_rule(rule) for rule in (*difference.added, *(new for _old, new in difference.changed))
            ],
            "removed": [
                write_rule(rule) for rule in (*difference.removed, *(old for old, _new in difference.changed))
            ],
        }
    return Conflict(
        _(
            "Somebody else changed the policy while you worked on it. Your changes are not saved yet: look at"
            " what changed, then save again."
        ),
        code="policy_changed",
        data=data,
    )


def _check_subjects(workspace_id: int, added: Iterable[Rule]) -> None:
    """Raise InvalidInput for groups and people of added rules that the workspace does not have."""
    added = sorted(added)
    groups = {int(rule.subject.value) for rule in added if rule.subject.kind == SubjectKind.GROUP}
    groups |= {int(rule.target.value) for rule in added if rule.target.kind == TargetKind.GROUP}
    people = {int(rule.subject.value) for rule in added if rule.subject.kind == SubjectKind.PERSON}
    with _open(workspace_id):
        known = set(
            Group.objects.filter(workspace_id=workspace_id, pk__in=groups).values_list("pk", flat=True)
        )
        members = set(
            Member.objects.filter(workspace_id=workspace_id, user_id__in=people).values_list(
                "user_id", flat=True
            )
        )
    if groups - known:
        raise InvalidInput(
            _("This group is not one of this workspace, or was deleted. Choose another."),
            code="unknown_group",
            field="rules",
        )
    if people - members:
        raise InvalidInput(
            _("This person is not a member of this workspace. Invite them first, or choose a group."),
            code="not_a_member",
            field="rules",
        )


def _write(
    row: SharingPolicy, old: Policy, policy: Policy, *, note: str, by: User | None, at: datetime
) -> _Change:
    gone, new = old.rules - policy.rules, policy.rules - old.rules
    before = {act: _spell(row.closed_acts, gone, act) for act in _acts(compare(old, policy))}
    with _open(row.workspace_id, by):
        for rule in gone:
            PolicyRule.objects.filter(workspace_id=row.workspace_id, **_columns(rule)).delete()
        PolicyRule.objects.bulk_create(
            PolicyRule(workspace_id=row.workspace_id, **_columns(rule)) for rule in sorted(new)
        )
        row.closed_acts, row.updated_at = sorted(policy.closed), at
        row.revision += 1
        row.save(update_fields=["closed_acts", "revision", "updated_at"])
        PolicyRevision.objects.create(
            workspace_id=row.workspace_id,
            number=row.revision,
            policy=write_policy(policy),
            note=note,
            created_by=by,
            created_at=at,
        )
        Workspace.objects.filter(pk=row.workspace_id).update(keeps_inside=keeps_inside(policy))
    after = {act: _spell(row.closed_acts, new, act) for act in before}
    return _Change(row, {act.value: (before[act], after[act]) for act in sorted(before)})


def _record(action: str, change: _Change, by: User | None, at: datetime, **data: Any) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=change.row,
        workspace_id=change.row.workspace_id,
        data={"revision": change.row.revision, **data},
        changes=change.changes,
        is_automated=is_automated(by),
    )


def _acts(difference: PolicyDifference) -> set[Act]:
    rules = [*difference.added, *difference.removed, *(old for old, _new in difference.changed)]
    return {rule.act for rule in rules} | {*difference.closed, *difference.opened}


def _spell(closed: Iterable[str], rules: Iterable[Rule], act: Act) -> list[str]:
    """Return the differing rules of one act as codes for the audit log, which keeps ids and no names."""
    codes = [
        ":".join((
            rule.effect, rule.subject.kind, rule.subject.value, rule.target.kind, rule.target.value
        ))
        for rule in sorted(rules)
        if rule.act == act
    ]  # fmt: skip
    return ["closed" if act in closed else "open", *codes]


def _columns(rule: Rule) -> dict[str, Any]:
    kind, value = rule.subject.kind, rule.subject.value
    return {
        "act": rule.act.value,
        "subject_kind": kind.value,
        "role": value if kind == SubjectKind.ROLE else "",
        "group_id": int(value) if kind == SubjectKind.GROUP else None,
        "person_id": int(value) if kind == SubjectKind.PERSON else None,
        "target_kind": rule.target.kind.value,
        "target_value": rule.target.value,
        "effect": rule.effect.value,
    }


# Other changes ----------------------------------------------------------------------------------------------


@transaction.atomic
def restore_policy(
    *, workspace: Workspace, old: PolicyRevision, revision: int, note: str = "", by: User, at: datetime
) -> int:
    """Make an older revision the policy again, as a new one; return its number.

    Rules about groups that were deleted and people who have left since are left out. Raises as
    replace_policy.
    """
    policy = read_written_policy(old.policy)
    kept = _keep_known(workspace, policy)
    row = _lock(workspace)
    change = _replace(row, kept, revision=revision, note=note, by=by, at=at)
    if change is not None:
        left_out = len(policy.rules) - len(kept.rules)
        _record("workspaces.policy_restored", change, by, at, restored=old.number, left_out=left_out)
    return row.revision


def _keep_known(workspace: Workspace, policy: Policy) -> Policy:
    groups = {str(pk) for pk in Group.objects.filter(workspace=workspace).values_list("pk", flat=True)}
    named = {rule.subject.value for rule in policy.rules if rule.subject.kind == SubjectKind.PERSON}
    members = {
        str(pk)
        for pk in Member.objects.filter(workspace=workspace, user_id__in=named).values_list(
            "user_id", flat=True
        )
    }

    def is_known(rule: Rule) -> bool:
        if rule.subject.kind == SubjectKind.GROUP and rule.subject.value not in groups:
            return False
        if rule.subject.kind == SubjectKind.PERSON and rule.subject.value not in members:
            return False
        return rule.target.kind != TargetKind.GROUP or rule.target.value in groups

    return Policy(frozenset(rule for rule in policy.rules if is_known(rule)), policy.closed)


def is_group_in_policy(group: Group) -> bool:
    """Return whether a rule names the group, as its subject or target."""
    is_target = Q(target_kind=TargetKind.GROUP.value, target_value=str(group.pk))
    rules = PolicyRule.objects.filter(Q(group_id=group.pk) | is_target, workspace_id=group.workspace_id)
    return rules.exists()


@transaction.atomic
def drop_group_rules(*, group: Group, by: User | None, at: datetime) -> int:
    """Remove the rules about a group that is about to be deleted, as a new revision; return how many.

    An act that only this group was allowed stays closed. Whom a rule refused as members of the group gain by
    the deletion: only who manages groups may delete one that a rule names (``is_group_in_policy``). Audited.
    """
    row = _lock(group.workspace)
    current = read_policy(group.workspace_id).policy
    named = {Subject(SubjectKind.GROUP, str(group.pk))}
    about = {
        rule
        for rule in current.rules
        if rule.subject in named or rule.target == Target(TargetKind.GROUP, str(group.pk))
    }
    if about:
        change = _write(row, current, Policy(current.rules - about, current.closed), note="", by=by, at=at)
        _record("workspaces.policy_group_dropped", change, by, at, rules=len(about))
    return len(about)


OUTWARD = tuple(Rule(act, EVERYONE, ANY_TARGET, Effect.DENY) for act in (Act.SHARE_BY_LINK, Act.PUBLISH))


@transaction.atomic
def set_may_publish(*, workspace: Workspace, is_allowed: bool, by: User, at: datetime) -> None:
    """Allow GPTs to leave the workspace, by link and to the store, or not. Idempotent. Audited.

    Adds or removes the two rules that forbid it to everyone; other rules stay. Links stop with the next
    request, and work again when it is allowed; listings follow through ``marketplace.services.publishing``,
    which calls this.
    """
    row = _lock(workspace)
    current = read_policy(workspace.pk).policy
    if is_allowed != keeps_inside(current):
        return
    rules, closed = current.rules | set(OUTWARD), current.closed
    if is_allowed:
        rules = current.rules - set(OUTWARD)
        closed = closed - {
            act for act in (Act.SHARE_BY_LINK, Act.PUBLISH) if refuses_everybody(Policy(rules, closed), act)
        }
    change = _write(row, current, Policy(rules, closed), note="", by=by, at=at)
    change = _Change(change.row, {"may_publish": (not is_allowed, is_allowed)})
    _record("workspaces.publishing_rule_set", change, by, at, may_publish=is_allowed)
