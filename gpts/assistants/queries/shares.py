"""Queries for shares of GPTs: the rights of people, who has access and why, editors."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from gpts.assistants.models import GPT, GPTShare
from gpts.assistants.states import ShareRight
from workspaces.models import GroupMember, Member, User
from workspaces.states import BUILDER_ROLES

MAX_EDITORS = 100
STRENGTH = {ShareRight.CHAT: 0, ShareRight.VIEW: 1, ShareRight.EDIT: 2}


def pick_strongest(rights: Iterable[str]) -> str:
    """Return the strongest of some rights, empty without one."""
    return max(rights, key=lambda right: STRENGTH[ShareRight(right)], default="")


def filter_shares_with(user: User) -> Q:
    """Return the condition of shares with the person or with groups of theirs."""
    places = GroupMember.objects.filter(group=OuterRef("group"), member__user_id=user.pk)
    return Q(user_id=user.pk) | Q(Exists(places))


def find_right(user: User, gpt: GPT) -> str:
    """Return the strongest right that shares of the GPT give a member, in one query; none without shares."""
    if not gpt.has_shares:
        return ""
    rows = GPTShare.objects.filter(filter_shares_with(user), gpt=gpt)
    return pick_strongest(rows.values_list("right", flat=True))


def list_rights(gpts: Collection[GPT], user_ids: Collection[int]) -> dict[tuple[int, int], str]:
    """Return the strongest right by GPT and person, of shares with people and with their groups."""
    shared = [gpt.pk for gpt in gpts if gpt.has_shares]
    if not shared or not user_ids:
        return {}
    rows = GPTShare.objects.filter(
        Q(user_id__in=user_ids) | Q(group__members__member__user_id__in=user_ids), gpt__in=shared
    ).values_list("gpt_id", "user_id", "group__members__member__user_id", "right")
    found: dict[tuple[int, int], list[str]] = {}
    for gpt_id, person_id, group_member_id, right in rows:
        found.setdefault((gpt_id, person_id or group_member_id), []).append(right)
    return {key: pick_strongest(rights) for key, rights in found.items()}


def list_shares(gpt: GPT) -> QuerySet[GPTShare]:
    """Return the shares of a GPT, people first, each with its person or group."""
    return (
        GPTShare.objects.filter(gpt=gpt)
        .select_related("user", "group", "created_by")
        .order_by("group__name", "user__display_name", "pk")
    )


def list_editors(gpt: GPT) -> QuerySet[User]:
    """Return the people who may edit a GPT through shares: themselves or as members of a group.

    Its owner does not count, and neither do people without the role of a builder, whom the right only lets
    view. The caller's scope sees the members of the workspace.
    """
    shares = GPTShare.objects.filter(gpt=gpt, right=ShareRight.EDIT)
    places = Member.objects.filter(
        Q(user_id__in=shares.values("user_id")) | Q(groups__group__in=shares.values("group_id")),
        workspace_id=gpt.workspace_id,
        role__in=BUILDER_ROLES,
        user__is_active=True,
    ).exclude(user_id=gpt.owner_id)
    return User.objects.filter(pk__in=places.values("user_id")).order_by("display_name", "pk")
