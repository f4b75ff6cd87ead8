"""Groups of a workspace, their members, and who may share with them."""

from __future__ import annotations

from django.db.models import Count, F, Q, QuerySet

from workspaces.models import Group, GroupMember, Member, User, Workspace
from workspaces.queries.roles import get_user_roles
from workspaces.states import GroupSharing

FOUND_AT_ONCE = 20


def list_groups(workspace: Workspace, *, search: str = "") -> QuerySet[Group]:
    """Return the groups with ``member_count`` and their owner, filtered by a part of the name."""
    rows = Group.objects.filter(workspace=workspace).select_related("owner")
    if search:
        rows = rows.filter(name__icontains=search)
    return rows.annotate(member_count=Count("members"))


def list_own_groups(workspace: Workspace, user: User) -> QuerySet[Group]:
    """Return the groups that ``user`` belongs to or owns, with ``member_count``."""
    mine = GroupMember.objects.filter(member__user=user, member__workspace=workspace).values("group_id")
    return list_groups(workspace).filter(Q(pk__in=mine) | Q(owner=user))


def list_group_members(group: Group, *, search: str = "") -> QuerySet[GroupMember]:
    """Return the rows of a group with their people and ``name``, to sort by, filtered by name or address."""
    rows = GroupMember.objects.filter(group=group).select_related("member__user")
    if search:
        rows = rows.filter(
            Q(member__user__display_name__icontains=search) | Q(member__user__email__icontains=search)
        )
    return rows.annotate(name=F("member__user__display_name"))


def find_members_outside(group: Group, search: str) -> list[Member]:
    """Return up to FOUND_AT_ONCE members of the workspace who are not in the group, by name or address."""
    if not search:
        return []
    inside = GroupMember.objects.filter(group=group).values("member_id")
    rows = Member.objects.filter(workspace_id=group.workspace_id).exclude(pk__in=inside)
    rows = rows.filter(Q(user__display_name__icontains=search) | Q(user__email__icontains=search))
    return list(rows.select_related("user").order_by("user__display_name", "pk")[:FOUND_AT_ONCE])


def find_member_ids(workspace: Workspace, emails: list[str]) -> tuple[list[int], list[str]]:
    """Return the members with these addresses, and the addresses of no member, in the order given."""
    found = dict(
        Member.objects.filter(workspace=workspace, user__email__in=emails).values_list("user__email", "pk")
    )
    return list(found.values()), [email for email in emails if email not in found]


def list_group_ids(user_id: int, workspace_id: int) -> list[int]:
    """Return the groups of a workspace that a person belongs to."""
    rows = GroupMember.objects.filter(member__user_id=user_id, member__workspace_id=workspace_id)
    return list(rows.values_list("group_id", flat=True))


def list_groups_to_share_with(user: User, workspace: Workspace) -> QuerySet[Group]:
    """Return the groups that ``user``, a member, may share a GPT with."""
    rows = Group.objects.filter(workspace=workspace)
    membership = get_user_roles(user).membership_in(workspace.pk)
    if membership is None:
        return rows.none()
    if membership.is_admin:
        return rows
    mine = GroupMember.objects.filter(member__user=user, member__workspace=workspace).values("group_id")
    return rows.filter(
        Q(sharing=GroupSharing.EVERYBODY) | Q(sharing=GroupSharing.MEMBERS, pk__in=mine) | Q(owner=user)
    )


def may_share_with_group(user: User, group: Group) -> bool:
    """Return whether ``user`` may share a GPT with the group: what the group allows, not the policy."""
    return list_groups_to_share_with(user, group.workspace).filter(pk=group.pk).exists()
