"""People, members and invitations; keys and notifications of one person."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.picks import Pick
from workspaces.models import ApiKey, Invitation, Member, Notification, User, Workspace
from workspaces.states import BUILDER_ROLES, COMPANY_KINDS


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


def pick_members(workspace: Workspace) -> Pick[User]:
    """Return the choice among all members."""
    return _pick_people(Member.objects.filter(workspace=workspace))


def pick_builders(workspace: Workspace) -> Pick[User]:
    """Return the choice among active members who may own GPTs."""
    return _pick_people(
        Member.objects.filter(workspace=workspace, role__in=BUILDER_ROLES, user__is_active=True),
        needs_key=True,
    )


def pick_new_owners(workspace: Workspace, person: User) -> Pick[User]:
    """Return the choice among the active members to whom ``person`` may hand the workspace over."""
    others = Member.objects.filter(workspace=workspace, user__is_active=True).exclude(user=person)
    return _pick_people(others, needs_key=True)


def _pick_people(seats: QuerySet[Member], *, needs_key: bool = False) -> Pick[User]:
    return Pick(
        User.objects.filter(pk__in=seats.order_by().values("user_id")),
        name="display_name",
        key="email",
        unknown=_("Nobody here who could be chosen has this name or e-mail address."),
        needs_key=needs_key,
    )


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
