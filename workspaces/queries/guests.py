"""Guests and links of a workspace."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from workspaces.models import Guest, Invitation, InviteLink, User, Workspace


def is_active_guest(user_id: int, workspace_id: int, *, at: datetime) -> bool:
    """Return whether a person is a guest now: what is shared with them is open to them."""
    return Guest.objects.filter(
        user_id=user_id,
        workspace_id=workspace_id,
        ended_at__isnull=True,
        expires_at__gt=at,
        user__is_active=True,
        workspace__suspended_at__isnull=True,
    ).exists()


def list_guests(workspace: Workspace, *, at: datetime, invited_by: User | None = None) -> QuerySet[Guest]:
    """Return the guests of now, newest first; ``invited_by`` limits them to those of one member."""
    rows = Guest.objects.filter(workspace=workspace, ended_at__isnull=True, expires_at__gt=at)
    if invited_by is not None:
        rows = rows.filter(invited_by=invited_by)
    return rows.select_related("user", "invited_by").order_by("-id")


def list_guest_invitations(workspace: Workspace, *, at: datetime) -> QuerySet[Invitation]:
    """Return open invitations of guests; row-level security shows them to admins."""
    return Invitation.objects.filter(
        workspace=workspace,
        guest_until__isnull=False,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=at,
    ).order_by("-id")


def list_invite_links(workspace: Workspace, *, at: datetime) -> QuerySet[InviteLink]:
    """Return the links that still let people in, newest first."""
    rows = InviteLink.objects.filter(workspace=workspace, revoked_at__isnull=True, expires_at__gt=at)
    return rows.select_related("created_by").order_by("-id")
