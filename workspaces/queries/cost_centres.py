"""Which group and which cost centre of a company the use of a person counts for."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from workspaces.models import GroupMember, Member, Workspace


@dataclass(frozen=True)
class Placement:
    """Where the use of a member counts; ``group_id`` None and an empty ``cost_centre`` for nowhere."""

    group_id: int | None = None
    group: str = ""
    cost_centre: str = ""


def place_members(workspace: Workspace) -> dict[int, Placement]:
    """Return where each member counts by their account's id, as of now. Two queries.

    Each person counts for one group and one cost centre, so that the parts add up to the whole. The group is
    the first by name that has a cost centre, otherwise the first by name. The cost centre is the member's
    own, otherwise that of the group.
    """
    return _place(Member.objects.filter(workspace=workspace))


def place_member(workspace_id: int, user_id: int) -> Placement:
    """Return where the use of one person counts, as ``place_members`` does. Two queries."""
    members = Member.objects.filter(workspace=workspace_id, user=user_id)
    return _place(members).get(user_id, Placement())


def _place(members: QuerySet[Member]) -> dict[int, Placement]:
    groups: dict[int, list[tuple[bool, str, int, str, str]]] = {}
    rows = GroupMember.objects.filter(member__in=members).values_list(
        "member_id", "group_id", "group__name", "group__cost_centre"
    )
    for member_id, group_id, name, code in rows:
        groups.setdefault(member_id, []).append((not code, name.casefold(), group_id, name, code))
    found = {}
    for member_id, user_id, own in members.values_list("pk", "user_id", "cost_centre"):
        found[user_id] = Placement(cost_centre=own)
        if member_id in groups:
            _lacks, _key, group_id, name, code = min(groups[member_id])
            found[user_id] = Placement(group_id, name, own or code)
    return found


def list_cost_centres(workspace: Workspace) -> list[str]:
    """Return the codes that groups and members of the workspace have, sorted."""
    codes = {
        code
        for rows in (workspace.groups, workspace.members)
        for code in rows.exclude(cost_centre="").values_list("cost_centre", flat=True)
    }
    return sorted(codes)
