"""Changes of many members at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.errors import Conflict, InvalidInput
from workspaces.models import Member, User, Workspace
from workspaces.services.members import change_role, remove_member

AT_ONCE = 200


def change_roles(
    *, workspace: Workspace, member_ids: Collection[int], role: str, by: User, at: datetime
) -> int:
    """Give several members a role; return how many. Each is audited; raises as ``change_role`` does."""
    with transaction.atomic():
        members = _read(workspace, member_ids)
        for member in members:
            change_role(member=member, role=role, by=by, at=at)
    return len(members)


def remove_members(*, workspace: Workspace, member_ids: Collection[int], by: User, at: datetime) -> int:
    """Remove several members; return how many. Each is audited; raises as ``remove_member`` does.

    Nobody removes themself among others (InvalidInput, ``removes_oneself``).
    """
    with transaction.atomic():
        members = _read(workspace, member_ids)
        if any(member.user_id == by.pk for member in members):
            raise InvalidInput(
                _("You are among them. Leave the workspace by yourself; nobody was removed."),
                code="removes_oneself",
            )
        for member in members:
            remove_member(member=member, by=by, at=at)
    return len(members)


def _read(workspace: Workspace, member_ids: Collection[int]) -> list[Member]:
    wanted = set(member_ids)
    if not wanted:
        raise InvalidInput(_("Choose members first."), code="nobody_chosen")
    if len(wanted) > AT_ONCE:
        raise InvalidInput(
            ngettext_lazy(
                "Choose at most %(count)d member at once.",
                "Choose at most %(count)d members at once.",
                AT_ONCE,
            )
            % {"count": AT_ONCE},
            code="too_many_at_once",
        )
    rows = Member.objects.filter(workspace=workspace, pk__in=wanted).select_related("workspace", "user")
    members = list(rows.order_by("pk"))
    if len(members) != len(wanted):
        raise Conflict(
            _("Somebody in the list is no member of this workspace. Nothing was changed."),
            code="not_a_member",
        )
    return members
