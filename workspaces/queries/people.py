"""People, members and invitations; keys and notifications of one person."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, Q, QuerySet, When

from workspaces.models import ApiKey, Invitation, Member, Notification, User, Workspace
from workspaces.states import ADMIN_ROLES, BUILDER_ROLES, COMPANY_KINDS

# How many members a list of choices offers.
SUCCESSORS = 200


def find_user(email: str) -> User | None:
    """Return the account with this e-mail address, whatever its case."""
    return User.objects.filter(email=email.strip().lower()).first()


def list_members(
    workspace: Workspace, *, search: str = "", role: str = "", group_id: int | None = None
) -> QuerySet[Member]:
    """Return members with their people, filtered by a part of name or address, by role and by group."""
    rows = Member.objects.filter(workspace=workspace).select_related("user")
    if search:
        rows = rows.filter(Q(user__display_name__icontains=search) | Q(user__email__icontains=search))
    if role:
        rows = rows.filter(role=role)
    if group_id is not None:
        rows = rows.filter(groups__group_id=group_id)
    return rows


def list_builders(workspace: Workspace) -> QuerySet[Member]:
    """Return active members who may own GPTs, by name."""
    rows = Member.objects.filter(workspace=workspace, role__in=BUILDER_ROLES, user__is_active=True)
    return rows.select_related("user").order_by("user__display_name", "pk")


def count_members(workspace: Workspace) -> int:
    return Member.objects.filter(workspace=workspace).count()


def is_member_now(user_id: int, workspace_id: int) -> bool:
    """Whether a person, who need not be the one who acts, belongs to a workspace."""
    return Member.objects.filter(user_id=user_id, workspace_id=workspace_id).exists()


def is_active_member(user_id: int, workspace_id: int) -> bool:
    """As is_member_now, and neither account nor workspace is closed: for work without a request."""
    return Member.objects.filter(
        user_id=user_id,
        workspace_id=workspace_id,
        user__is_active=True,
        workspace__suspended_at__isnull=True,
    ).exists()


def is_in_company(user_id: int) -> bool:
    """Return whether a person is a member of a team's or company's workspace."""
    return Member.objects.filter(user_id=user_id, workspace__kind__in=COMPANY_KINDS).exists()


def list_successors(workspace: Workspace, person: User) -> list[Member]:
    """Return the active members to whom ``person`` may hand the workspace over: admins first, by name."""
    rows = Member.objects.filter(workspace=workspace, user__is_active=True).exclude(user=person)
    is_admin = Case(When(role__in=ADMIN_ROLES, then=0), default=1)
    return list(rows.select_related("user").order_by(is_admin, "user__display_name", "pk")[:SUCCESSORS])


def list_open_invitations(workspace: Workspace, *, at: datetime) -> QuerySet[Invitation]:
    """Return open invitations of members; those of guests are listed with the guests."""
    return Invitation.objects.filter(
        workspace=workspace,
        guest_until__isnull=True,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=at,
    ).order_by("-id")


def list_api_keys(user: User) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(user=user, revoked_at__isnull=True).select_related("workspace")


def list_workspace_keys(workspace: Workspace, *, user_id: int | None = None) -> QuerySet[ApiKey]:
    """Return the keys of a workspace that were not revoked, of everybody or of one person, with their person.

    Keys of people who have left are among them: they do not work, and can be revoked.
    """
    keys = ApiKey.objects.filter(workspace=workspace, revoked_at__isnull=True).select_related("user")
    return keys if user_id is None else keys.filter(user_id=user_id)


def list_notifications(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(user=user)


def list_workspaces(user: User) -> QuerySet[Workspace]:
    return Workspace.objects.filter(members__user=user, suspended_at__isnull=True)
