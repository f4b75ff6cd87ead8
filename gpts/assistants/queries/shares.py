"""Queries for shares of GPTs: the rights of people, who has access and why, editors."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Now

from core.scope import Scope, open_scope
from gpts.assistants.models import GPT, GPTShare, LiveVersion
from gpts.assistants.states import Audience, ShareRight
from workspaces.models import GroupMember, Guest, Member, User
from workspaces.states import BUILDER_ROLES

MAX_EDITORS = 100
STRENGTH = {ShareRight.CHAT: 0, ShareRight.VIEW: 1, ShareRight.EDIT: 2}


def pick_strongest(rights: Iterable[str]) -> str:
    """Return the strongest of some rights, empty without one."""
    return max(rights, key=lambda right: STRENGTH[ShareRight(right)], default="")


def filter_shares_with(user_id: int) -> Q:
    """Return the condition of shares with the person or with groups of theirs."""
    places = GroupMember.objects.filter(group=OuterRef("group"), member__user_id=user_id)
    return Q(user_id=user_id) | Q(Exists(places))


def find_right(user_id: int, gpt: GPT, *, is_member: bool) -> str:
    """Return the strongest right that shares of the GPT give a person, in one query; none without shares.

    Somebody outside its workspace has the right to chat at most, and only while they are its guest.
    """
    if not gpt.has_shares:
        return ""
    shares = GPTShare.objects.filter(gpt=gpt)
    if is_member:
        return pick_strongest(shares.filter(filter_shares_with(user_id)).values_list("right", flat=True))
    is_shared = shares.filter(Exists(list_guest_places(user_id)), user_id=user_id).exists()
    return ShareRight.CHAT.value if is_shared else ""


def list_guest_places(user_id: int) -> QuerySet[Guest]:
    """Return the present guest places of a person in the workspace of the outer query's rows."""
    return Guest.objects.filter(
        workspace_id=OuterRef("workspace_id"), user_id=user_id, ended_at__isnull=True, expires_at__gt=Now()
    )


def is_guest_of(user_id: int, workspace_id: int) -> bool:
    return list_guests_now(workspace_id).filter(user_id=user_id).exists()


def list_guests_now(workspace_id: int) -> QuerySet[Guest]:
    return Guest.objects.filter(
        workspace_id=workspace_id, ended_at__isnull=True, expires_at__gt=Now(), user__is_active=True
    )


def list_bound_by_blocks(gpts: Iterable[GPT], user_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return who of ``user_ids`` is bound by blocks of ``gpts`` (person, workspace): members and guests.

    Reads in the scope of these workspaces, as neither a guest nor the key of another workspace sees who
    belongs to them. One query, none without a blocked GPT.
    """
    places = {gpt.workspace_id for gpt in gpts if gpt.blocked_at is not None}
    if not places:
        return set()
    with open_scope(Scope(workspace_ids=tuple(places))):
        members = Member.objects.filter(workspace__in=places, user__in=user_ids)
        guests = Guest.objects.filter(
            workspace__in=places, user__in=user_ids, ended_at__isnull=True, expires_at__gt=Now()
        )
        names = ("user_id", "workspace_id")
        return set(members.values_list(*names).union(guests.values_list(*names)))


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


def list_shares_with(user: User) -> QuerySet[GPTShare]:
    """Return the shares that reach a person: with them or a group of theirs, of GPTs that are there.

    Each with its GPT, workspace, owner and group, and with ``shown_name``: the live version's for who may
    only chat, else the draft's, and ``shown_icon`` and ``shown_category`` alike. Left out are their own GPTs,
    and where they are neither members nor guests now. The caller pages by "-id".
    """
    live = LiveVersion.objects.filter(gpt=OuterRef("gpt_id"), audience=Audience.SHARED)
    is_member = Exists(Member.objects.filter(workspace_id=OuterRef("workspace_id"), user=user))
    is_guest = Q(user=user) & Exists(list_guest_places(user.pk))
    sees_draft = Q(right__in=(ShareRight.VIEW, ShareRight.EDIT)) & is_member

    def choose(name: str) -> Case:
        of_draft = When(sees_draft, then=F(f"gpt__{name}"))
        return Case(of_draft, default=Subquery(live.values(f"version__{name}")[:1]))

    return (
        GPTShare.objects.filter(filter_shares_with(user.pk), is_member | is_guest)
        .filter(gpt__deleted_at__isnull=True, gpt__quarantined_at__isnull=True)
        .exclude(gpt__owner=user)
        .filter(sees_draft | Exists(live))
        .annotate(shown_name=choose("name"), shown_icon=choose("icon"), shown_category=choose("category"))
        .select_related("gpt__workspace", "gpt__owner", "group")
    )


def find_share_with(user: User, share_id: int) -> GPTShare | None:
    """Return a share with the person or a group of theirs."""
    if share_id >= 2**63:
        return None
    rows = GPTShare.objects.filter(filter_shares_with(user.pk), pk=share_id)
    return rows.select_related("gpt", "group").first()


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
