"""Keeps what the identity provider knows in step with memberships that begin and end elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F

from workspaces.models import GroupMember, Member, ScimGroupMember, ScimUser
from workspaces.scim.schemas import ENTERPRISE
from workspaces.services.cost_centres import set_given_cost_centre
from workspaces.states import MemberSource


def attach_member(member: Member, *, email: str, at: datetime) -> None:
    """Give a new member their row of the identity provider, with its cost centre and groups.

    In the caller's transaction, in a scope that administers the workspace. Idempotent.
    """
    rows = ScimUser.objects.filter(workspace_id=member.workspace_id)
    row = rows.filter(user_id=member.user_id).first()
    if row is None and email:
        row = rows.filter(user__isnull=True, email=email.lower()).order_by("created_at").first()
    if row is None:
        return
    if row.user_id != member.user_id or not row.is_active:
        rows.filter(pk=row.pk).update(
            user_id=member.user_id, is_active=True, version=F("version") + 1, changed_at=at
        )
    set_given_cost_centre(member=member, code=find_cost_centre(row.attributes), former="", at=at)
    groups = ScimGroupMember.objects.filter(person=row).values_list("group__group_id", flat=True)
    GroupMember.objects.bulk_create(
        [
            GroupMember(group_id=group_id, member=member, source=MemberSource.SCIM, added_at=at)
            for group_id in groups
        ],
        ignore_conflicts=True,
    )


def find_cost_centre(resource: Mapping[str, Any]) -> str:
    """Return the ``costCenter`` of the enterprise extension, empty for none."""
    extension = resource.get(ENTERPRISE) or {}
    return str(extension.get("costCenter") or "") if isinstance(extension, Mapping) else ""


def note_removal(*, workspace_id: int, user_id: int, at: datetime) -> None:
    """Say to the identity provider that the person is not active any more. In the caller's transaction."""
    ScimUser.objects.filter(workspace_id=workspace_id, user_id=user_id, is_active=True).update(
        is_active=False, version=F("version") + 1, changed_at=at
    )
