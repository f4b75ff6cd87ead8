"""People and groups of a workspace that a GPT can be shared with, found by name or e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.assistants.models import GPT, GPTShare
from gpts.assistants.queries.shares import list_guests_now
from workspaces.models import Group, Member, User
from workspaces.queries import list_groups_to_share_with

SHOWN = 8
NAME_LENGTH = 80


@dataclass(frozen=True)
class Candidate:
    """``key`` ("user:12", "group:3") is what the form posts; a member has an address, a group a size."""

    key: str
    name: str
    email: str = ""
    role: Any = ""
    size: int = 0
    is_group: bool = False
    is_guest: bool = False


def find_candidates(user: User, gpt: GPT, text: str) -> list[Candidate]:
    """Return groups, then people, with ``text`` in their name or address that have no share yet."""
    text = text.strip()[:NAME_LENGTH]
    if not text or "\x00" in text:
        return []
    shares = GPTShare.objects.filter(gpt=gpt)
    groups = (
        list_groups_to_share_with(user, gpt.workspace)
        .filter(name__icontains=text)
        .exclude(pk__in=shares.filter(group__isnull=False).values("group_id"))
        .annotate(size=Count("members"))
        .order_by("name")[:SHOWN]
    )
    members = (
        Member.objects.select_related("user")
        .filter(
            Q(user__display_name__icontains=text) | Q(user__email__icontains=text),
            workspace_id=gpt.workspace_id,
            user__is_active=True,
        )
        .exclude(user_id=gpt.owner_id)
        .exclude(user_id__in=shares.filter(user__isnull=False).values("user_id"))
        .order_by("user__display_name", "pk")[:SHOWN]
    )
    guests = (
        list_guests_now(gpt.workspace_id)
        .select_related("user")
        .filter(Q(user__display_name__icontains=text) | Q(user__email__icontains=text))
        .exclude(user_id__in=shares.filter(user__isnull=False).values("user_id"))
        .order_by("user__display_name", "pk")[:SHOWN]
    )
    return [
        *(Candidate(f"group:{group.pk}", group.name, size=group.size, is_group=True) for group in groups),
        *(
            Candidate(f"user:{seat.user_id}", str(seat.user), seat.user.email, seat.get_role_display())
            for seat in members
        ),
        *(
            Candidate(f"user:{guest.user_id}", str(guest.user), guest.user.email, _("Guest"), is_guest=True)
            for guest in guests
        ),
    ]


def find_recipient(user: User, gpt: GPT, key: str) -> dict[str, User | Group]:
    """Return the person or group of a key, of the GPT's workspace alone, as set_share takes them.

    ``key`` may also be an e-mail address. Raises InvalidInput for anything else, alike for what does not
    exist and what belongs to another workspace.
    """
    kind, _sep, number = key.partition(":")
    identifier = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
    if kind == "group":
        group = list_groups_to_share_with(user, gpt.workspace).filter(pk=identifier).first()
        if group is None:
            raise InvalidInput(
                _("There is no such group in this workspace."), code="unknown_group", field="who"
            )
        return {"group": group}
    seats = Member.objects.select_related("user").filter(workspace_id=gpt.workspace_id, user__is_active=True)
    is_same = Q(user_id=identifier) if kind == "user" else Q(user__email=key.strip().lower()[:254])
    if "\x00" not in key:
        guests = list_guests_now(gpt.workspace_id).select_related("user")
        for place in (seats.filter(is_same).first(), guests.filter(is_same).first()):
            if place is not None:
                return {"user": place.user}
    raise InvalidInput(
        _("Nobody of this name or address belongs to this workspace."), code="unknown_person", field="who"
    )
