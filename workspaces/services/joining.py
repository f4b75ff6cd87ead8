"""The one way into a workspace: invitations, links, domains, imports and identity providers all end here."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict
from workspaces.models import Guest, Member, User, Workspace
from workspaces.services.actors import is_automated
from workspaces.services.groups import apply_rules_to_person
from workspaces.services.scim_links import attach_member
from workspaces.states import ADMIN_ROLES, WorkspaceKind


def join_workspace(*, workspace: Workspace, user: User, role: str, by: User | None, at: datetime) -> Member:
    """Make ``user`` a member with ``role``, a place in the groups whose rule names them included. Audited.

    In the caller's transaction, which has locked the person and then the workspace
    (workspaces.services.locks), and in a scope that may write there. A guest stops being one. Raises
    Conflict: ``workspace_personal``, ``already_member``, ``guest_not_admin``, and ``no_seat`` when all seats
    are taken. ``by`` is None for a job or the identity provider.
    """
    refuse_personal(workspace)
    if Member.objects.filter(workspace=workspace, user=user).exists():
        raise Conflict(_("This person is a member already."), code="already_member", field="email")
    if (
        role in ADMIN_ROLES
        and Guest.objects.filter(
            workspace=workspace, user=user, ended_at__isnull=True, expires_at__gt=at
        ).exists()
    ):
        # By whatever way: a claim of a directory must not turn somebody from outside into an admin.
        raise Conflict(
            _("This person is a guest, and a guest cannot be made an admin. Make them a member first."),
            code="guest_not_admin",
            field="role",
        )
    require_seat(workspace, for_self=by is not None and by.pk == user.pk)
    Guest.objects.filter(workspace=workspace, user=user, ended_at__isnull=True).update(ended_at=at)
    member = Member.objects.create(workspace=workspace, user=user, role=role, joined_at=at)
    attach_member(member, email=user.email, at=at)
    apply_rules_to_person(user_id=user.pk, workspace_id=workspace.pk, by=by, at=at)
    record(
        action="workspaces.member_joined",
        by=by,
        at=at,
        subject=member,
        workspace_id=workspace.pk,
        data={"role": str(role), "user_id": user.pk},
        is_automated=is_automated(by),
    )
    return member


def refuse_personal(workspace: Workspace) -> None:
    """Raise Conflict (``workspace_personal``) for the workspace of one person."""
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Make a team to work with others."),
            code="workspace_personal",
        )


def require_seat(workspace: Workspace, *, for_self: bool) -> None:
    """Raise Conflict (``no_seat``) when the workspace has no free seat; the caller has locked it.

    ``for_self`` words it for who wants to join, otherwise for an admin.
    """
    seats = Workspace.objects.filter(pk=workspace.pk).values_list("seats", flat=True).get()
    if seats is None or Member.objects.filter(workspace=workspace).count() < seats:
        return
    if for_self:
        raise Conflict(
            _("%(name)s has no free seat now, so you could not join. Ask one of its admins.")
            % {"name": workspace.name},
            code="no_seat",
            data={"seats": seats},
        )
    raise Conflict(
        _("All %(seats)d seats are taken. Remove a member, or ask the operator for more seats.")
        % {"seats": seats},
        code="no_seat",
        data={"seats": seats},
    )
