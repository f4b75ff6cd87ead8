"""Groups of members: made, renamed, filled by hand, by a rule or by the identity provider, and deleted.

The caller has authorised ``by`` (access_group, or check_act with MAKE_GROUP), or the token of the identity
provider; every function widens the row-level scope for its writes. With ``by=None`` the caller has opened a
system scope, or one whose ``admin_workspace_ids`` has the workspace.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import compare, record
from core.errors import Conflict, Forbidden, InvalidInput
from core.names import has_mixed_scripts
from core.text import clean_line, skeleton
from workspaces.access import WorkspaceAct, open_admin_scope
from workspaces.email_domains import clean_domain
from workspaces.models import Group, GroupMember, Member, User, Workspace
from workspaces.services.actors import is_automated
from workspaces.services.locks import lock_workspaces
from workspaces.services.policies import drop_group_rules, is_group_in_policy
from workspaces.states import GroupSharing, GroupSource, MemberSource, WorkspaceKind

NAME_LENGTH = 80
DESCRIPTION_LENGTH = 500
GROUPS_PER_WORKSPACE = 2_000
# Added in one request by hand; the identity provider and rules have no such limit.
ADDED_AT_ONCE = 500
_BATCH = 1_000


@dataclass(frozen=True)
class MembershipChange:
    """How many members an update added to a group and removed from it."""

    added: int
    removed: int


def create_group(
    *,
    workspace: Workspace,
    name: str,
    by: User | None,
    at: datetime,
    description: str = "",
    source: str = GroupSource.HAND,
    is_owned: bool = False,
) -> Group:
    """Create an empty group. ``is_owned`` makes ``by`` its owner. Audited.

    ``source=GroupSource.SCIM`` marks a group of the identity provider: it is read-only by hand, and its name
    must differ only in its letters from others, not in looks. Raises InvalidInput (``name``, ``required``,
    ``too_long``), and Conflict: ``group_name_taken``, ``too_many_groups``, ``workspace_personal``.
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Create a team to work with others."),
            code="workspace_personal",
        )
    with _open(workspace.pk, by):
        lock_workspaces([workspace.pk])
        if Group.objects.filter(workspace=workspace).count() >= GROUPS_PER_WORKSPACE:
            raise Conflict(
                ngettext_lazy(
                    "A workspace may have %(count)d group.",
                    "A workspace may have %(count)d groups.",
                    GROUPS_PER_WORKSPACE,
                )
                % {"count": GROUPS_PER_WORKSPACE},
                code="too_many_groups",
            )
        group = Group.objects.create(
            workspace=workspace,
            name=_clean_name(name, workspace_id=workspace.pk, source=source),
            description=clean_line(
                description, max_length=DESCRIPTION_LENGTH, field="description", required=False
            ),
            owner=by if is_owned else None,
            source=source,
            created_at=at,
        )
        _record("workspaces.group_created", group, by, at, source=str(source))
    return group


def rename_group(*, group: Group, name: str, by: User | None, at: datetime) -> Group:
    """Give a group another name; nothing happens when it has it already. Audited without the names.

    Raises as ``create_group`` does. For the identity provider; people use ``update_group``.
    """
    with _open(group.workspace_id, by):
        fresh = _lock(group)
        if fresh.name != name:
            fresh.name = _clean_name(name, workspace_id=fresh.workspace_id, source=fresh.source, own=fresh.pk)
            fresh.save(update_fields=["name"])
            _record("workspaces.group_changed", fresh, by, at, fields=["name"])
    group.name = fresh.name
    return fresh


def update_group(
    *,
    group: Group,
    name: str,
    description: str,
    email_domain: str,
    sharing: str,
    by: User,
    at: datetime,
) -> Group:
    """Change what people set of a group, by hand. A new rule fills the group at once. Audited.

    The name of a group of the identity provider stays as it is (Forbidden, ``group_from_scim``). Raises
    InvalidInput for a domain that is none and for one of a public mail host, and Forbidden
    (``group_in_policy``) for a new rule of a group that the policy names.
    """
    if sharing not in GroupSharing.values:
        raise InvalidInput(_("Choose who may share with the group."), code="sharing_unknown", field="sharing")
    domain = clean_domain(email_domain, field="email_domain") if email_domain.strip() else ""
    text = clean_line(description, max_length=DESCRIPTION_LENGTH, field="description", required=False)
    with _open(group.workspace_id, by):
        fresh = _lock(group)
        if domain != fresh.email_domain:
            _refuse_in_policy(fresh, by)
        before = _settings(fresh)
        if name != fresh.name:
            _refuse_scim(fresh)
            fresh.name = _clean_name(name, workspace_id=fresh.workspace_id, source=fresh.source, own=fresh.pk)
        fresh.description, fresh.email_domain, fresh.sharing = text, domain, sharing
        after = _settings(fresh)
        fields = sorted(name for name in after if before[name] != after[name])
        if not fields:
            return fresh
        fresh.save(update_fields=fields)
        change = apply_group_rule(group=fresh, at=at) if "email_domain" in fields else MembershipChange(0, 0)
        _record(
            "workspaces.group_changed",
            fresh,
            by,
            at,
            changes=compare(before, after, ("email_domain", "sharing")),
            fields=fields,
            **_counts(change),
        )
    return fresh


def delete_group(*, group: Group, by: User | None, at: datetime, is_by_hand: bool = False) -> None:
    """Delete a group with its memberships, shares and budgets. Idempotent. Audited.

    ``is_by_hand`` refuses a group of the identity provider (Forbidden, ``group_from_scim``). A group that the
    policy names is deleted only by who manages groups (Forbidden, ``group_in_policy``).
    """
    if is_by_hand:
        _refuse_scim(group)
    with _open(group.workspace_id, by):
        lock_workspaces([group.workspace_id])
        _refuse_in_policy(group, by)
        subject = (Group._meta.label_lower, str(group.pk))
        member_count = GroupMember.objects.filter(group_id=group.pk).count()
        drop_group_rules(group=group, by=by, at=at)
        deleted, _tables = Group.objects.filter(pk=group.pk, workspace_id=group.workspace_id).delete()
        if deleted:
            record(
                action="workspaces.group_deleted",
                by=by,
                at=at,
                subject=subject,
                workspace_id=group.workspace_id,
                data={"member_count": member_count},
                is_automated=is_automated(by),
            )


def set_group_members(
    *,
    group: Group,
    user_ids: Collection[int],
    by: User | None,
    at: datetime,
    source: str = MemberSource.SCIM,
) -> MembershipChange:
    """Make the members of a group that came by ``source`` exactly these people. Audited by their number.

    For the identity provider: rows that came by hand or by a rule become its own when it names the person,
    and stay otherwise. Three writes, however many people: 5,000 are no problem. Raises Conflict
    (``not_a_member``, with the ids in ``data["user_ids"]``) when somebody is no member of the workspace;
    nothing is changed then.
    """
    wanted = set(user_ids)
    with _open(group.workspace_id, by):
        fresh = _lock(group)
        seats = dict(
            Member.objects.filter(workspace_id=fresh.workspace_id, user_id__in=wanted).values_list(
                "pk", "user_id"
            )
        )
        missing = sorted(wanted - set(seats.values()))
        if missing:
            raise Conflict(
                _("Somebody in the list is no member of this workspace. Nothing was changed."),
                code="not_a_member",
                data={"user_ids": missing[:100]},
            )
        rows = GroupMember.objects.filter(group=fresh)
        removed, _tables = rows.filter(source=source).exclude(member_id__in=seats).delete()
        rows.filter(member_id__in=seats).exclude(source=source).update(source=source)
        added = _add(fresh, seats, source=source, at=at)
        # Whom the identity provider let go may belong to the group by its rule.
        change = MembershipChange(added, removed)
        if removed:
            change = _sum(change, apply_group_rule(group=fresh, at=at))
        if change.added or change.removed:
            _record("workspaces.group_members_changed", fresh, by, at, source=str(source), **_counts(change))
    return change


def add_group_members(
    *, group: Group, member_ids: Collection[int], by: User, at: datetime
) -> MembershipChange:
    """Add members by hand; those who are in it already stay as they are. All of them, or none. Audited.

    Raises Forbidden (``group_from_scim``, ``group_in_policy``), InvalidInput (``too_many_at_once``), Conflict
    (``not_a_member``) and what settings.GROUP_GROWTH_CHECKS raise.
    """
    _refuse_scim(group)
    wanted = set(member_ids)
    if len(wanted) > ADDED_AT_ONCE:
        raise InvalidInput(
            ngettext_lazy(
                "Add at most %(count)d person at once.",
                "Add at most %(count)d people at once.",
                ADDED_AT_ONCE,
            )
            % {"count": ADDED_AT_ONCE},
            code="too_many_at_once",
            field="members",
        )
    with _open(group.workspace_id, by):
        fresh = _lock(group)
        _refuse_in_policy(fresh, by)
        seats = set(
            Member.objects.filter(workspace_id=fresh.workspace_id, pk__in=wanted).values_list("pk", flat=True)
        )
        if seats != wanted:
            raise Conflict(
                _("Somebody in the list is no member of this workspace. Nothing was changed."),
                code="not_a_member",
            )
        change = MembershipChange(_add(fresh, seats, source=MemberSource.HAND, at=at), 0)
        if change.added:
            for path in settings.GROUP_GROWTH_CHECKS:
                import_string(path)(fresh)
            _record(
                "workspaces.group_members_changed", fresh, by, at, source=MemberSource.HAND, **_counts(change)
            )
    return change


def remove_group_member(*, group: Group, member_id: int, by: User, at: datetime) -> None:
    """Remove a member who was added by hand. Idempotent. Audited.

    Raises Forbidden for one who belongs by the rule (``member_by_rule``) or by the identity provider
    (``group_from_scim``), who would come back, and for a group that the policy names (``group_in_policy``).
    """
    with _open(group.workspace_id, by):
        fresh = _lock(group)
        row = GroupMember.objects.filter(group=fresh, member_id=member_id).select_related("member").first()
        if row is None:
            return
        _refuse_in_policy(fresh, by)
        if row.source == MemberSource.RULE:
            raise Forbidden(
                _("This person belongs to the group by its e-mail rule. Change the rule to remove them."),
                code="member_by_rule",
            )
        if row.source == MemberSource.SCIM:
            raise _from_scim()
        row.delete()
        apply_group_rule(group=fresh, at=at)
        _record(
            "workspaces.group_member_removed",
            fresh,
            by,
            at,
            user_id=row.member.user_id,
            source=MemberSource.HAND,
        )


def apply_group_rule(*, group: Group, at: datetime, user_id: int | None = None) -> MembershipChange:
    """Add whom the group's rule names, remove whom it named before; ``user_id`` limits it to one person.

    In the caller's transaction and scope, which may write the group; not audited here. Idempotent.
    """
    members = Member.objects.filter(workspace_id=group.workspace_id, user__is_active=True)
    rows = GroupMember.objects.filter(group=group, source=MemberSource.RULE)
    if user_id is not None:
        members, rows = members.filter(user_id=user_id), rows.filter(member__user_id=user_id)
    wanted: set[int] = set()
    if group.email_domain:
        by_rule = members.filter(
            user__emailaddress__verified=True, user__emailaddress__email__iendswith=f"@{group.email_domain}"
        )
        wanted = set(by_rule.values_list("pk", flat=True))
    removed, _tables = rows.exclude(member_id__in=wanted).delete()
    return MembershipChange(_add(group, wanted, source=MemberSource.RULE, at=at), removed)


def apply_rules_to_person(
    *, user_id: int, by: User | None, at: datetime, workspace_id: int | None = None
) -> int:
    """Apply the rules of all groups of a person's workspaces to them; return how many rows changed.

    Called when somebody joins, and by a job when their addresses changed. In the caller's transaction and a
    scope that may write the groups. Idempotent. Audited for each group.
    """
    groups = Group.objects.filter(workspace__members__user_id=user_id).exclude(email_domain="")
    if workspace_id is not None:
        groups = groups.filter(workspace_id=workspace_id)
    count = 0
    for group in groups.order_by("pk"):
        change = apply_group_rule(group=group, at=at, user_id=user_id)
        if change.added or change.removed:
            _record(
                "workspaces.group_members_changed", group, by, at, source=MemberSource.RULE, **_counts(change)
            )
        count += change.added + change.removed
    return count


def apply_all_group_rules(*, at: datetime) -> int:
    """Apply every rule, for what events missed; return how many rows changed. System scope. Audited."""
    count = 0
    for group in Group.objects.exclude(email_domain="").order_by("pk").iterator(chunk_size=200):
        with transaction.atomic():
            change = apply_group_rule(group=group, at=at)
            if change.added or change.removed:
                _record(
                    "workspaces.group_members_changed",
                    group,
                    None,
                    at,
                    source=MemberSource.RULE,
                    **_counts(change),
                )
        count += change.added + change.removed
    return count


def release_groups_of(*, workspace_id: int, user_id: int) -> None:
    """Leave the groups that somebody owned to the admins, when the person leaves the workspace."""
    Group.objects.filter(workspace_id=workspace_id, owner_id=user_id).update(owner=None)


def _open(workspace_id: int, by: User | None) -> AbstractContextManager[Any]:
    if by is None:
        return transaction.atomic()
    return open_admin_scope(workspace_id, user_id=by.pk)


def _lock(group: Group) -> Group:
    """Lock the workspace, as changes of memberships do, and read the group again."""
    lock_workspaces([group.workspace_id])
    fresh = Group.objects.filter(pk=group.pk, workspace_id=group.workspace_id).first()
    if fresh is None:
        raise Conflict(_("This group was deleted meanwhile."), code="group_deleted")
    return fresh


def _add(group: Group, member_ids: Collection[int], *, source: str, at: datetime) -> int:
    present = set(GroupMember.objects.filter(group=group).values_list("member_id", flat=True))
    new = [
        GroupMember(group=group, member_id=member_id, source=source, added_at=at)
        for member_id in sorted(set(member_ids) - present)
    ]
    GroupMember.objects.bulk_create(new, batch_size=_BATCH)
    return len(new)


def _clean_name(name: str, *, workspace_id: int, source: str, own: int | None = None) -> str:
    """Return a name that no other group of the workspace has or, by hand, looks like."""
    text = clean_line(name, max_length=NAME_LENGTH, field="name")
    others = set(
        Group.objects.filter(workspace_id=workspace_id).exclude(pk=own or 0).values_list("name", flat=True)
    )
    if text in others:
        raise Conflict(_("There is a group with this name already."), code="group_name_taken", field="name")
    if source == GroupSource.SCIM:
        return text
    if has_mixed_scripts(text):
        raise InvalidInput(
            _("A word of this name mixes alphabets that look alike. Write it in one of them."),
            code="name_mixed",
            field="name",
        )
    looks = skeleton(text)
    alike = next((other for other in others if looks and skeleton(other) == looks), None)
    if alike is not None:
        raise Conflict(
            _("This name looks like that of the group “%(name)s”. Choose another.") % {"name": alike},
            code="group_name_taken",
            field="name",
        )
    return text


def _settings(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "description": group.description,
        "email_domain": group.email_domain,
        "sharing": str(group.sharing),
    }


def _refuse_scim(group: Group) -> None:
    if group.source == GroupSource.SCIM:
        raise _from_scim()


def _refuse_in_policy(group: Group, by: User | None) -> None:
    """Raise Forbidden when a rule names the group and ``by`` only owns it: its people decide who is ruled."""
    if by is None or by.has_perm(WorkspaceAct.MANAGE_GROUPS, group.workspace):
        return
    if is_group_in_policy(group):
        raise Forbidden(
            _("A rule of the sharing policy names this group. Ask an admin to change or delete it."),
            code="group_in_policy",
        )


def _from_scim() -> Forbidden:
    return Forbidden(
        _("This group comes from your identity provider. Change its name and its people there."),
        code="group_from_scim",
    )


def _counts(change: MembershipChange) -> dict[str, Any]:
    return {name: count for name, count in (("added", change.added), ("removed", change.removed)) if count}


def _sum(first: MembershipChange, second: MembershipChange) -> MembershipChange:
    return MembershipChange(first.added + second.added, first.removed + second.removed)


def _record(
    action: str,
    group: Group,
    by: User | None,
    at: datetime,
    *,
    changes: dict[str, tuple[Any, Any]] | None = None,
    **data: Any,
) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=group,
        workspace_id=group.workspace_id,
        data=data,
        changes=changes,
        is_automated=is_automated(by),
    )
