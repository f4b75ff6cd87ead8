"""The one way into a workspace: invitations, links, domains, imports and identity providers all end here."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden
from core.models import AuditEvent
from workspaces.models import Guest, Invitation, Member, ScimUser, User, Workspace
from workspaces.services.actors import is_automated
from workspaces.services.groups import apply_rules_to_person
from workspaces.services.scim_links import attach_member
from workspaces.states import ADMIN_ROLES, WorkspaceKind

# How long an invitation of a member or guest is valid; its mail says so.
INVITATION_DAYS = 14


def join_workspace(
    *,
    workspace: Workspace,
    user: User,
    role: str,
    by: User | None,
    at: datetime,
    domain: str = "",
    is_new: bool = False,
    is_from_directory: bool = False,
) -> Member:
    """Make ``user`` a member with ``role``, a place in the groups whose rule names them included. Audited.

    In the caller's transaction, which has locked the person and then the workspace
    (workspaces.services.locks), and in a scope that may write there. A guest stops being one. Raises
    Conflict: ``workspace_personal``, ``workspace_archived``, ``already_member``, ``guest_not_admin``, and
    ``no_seat`` when all seats are taken. ``by`` is None for a job or the identity provider. ``domain`` is the
    proved domain of their address that let them in. ``is_new`` says that the account was made in this
    transaction, so that it is neither a member nor a guest of anything; ``is_from_directory``, that the
    identity provider adds them just now: it has put them in no group yet, and its row is the caller's.
    """
    refuse_personal(workspace)
    archived_at, seats = Workspace.objects.values_list("archived_at", "seats").get(pk=workspace.pk)
    if archived_at is not None:
        raise _build_archived(workspace)
    if not is_new and Member.objects.filter(workspace=workspace, user=user).exists():
        raise Conflict(_("This person is a member already."), code="already_member", field="email")
    if (
        not is_new
        and role in ADMIN_ROLES
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
    _require_seat(workspace, seats, for_self=by is not None and by.pk == user.pk)
    if not is_new:
        Guest.objects.filter(workspace=workspace, user=user, ended_at__isnull=True).update(ended_at=at)
    member = Member.objects.create(workspace=workspace, user=user, role=role, joined_at=at)
    if not is_from_directory:
        attach_member(member, email=user.email, at=at)
    apply_rules_to_person(user_id=user.pk, workspace_id=workspace.pk, by=by, at=at)
    record(
        action="workspaces.member_joined",
        by=by,
        at=at,
        subject=member,
        workspace_id=workspace.pk,
        data={"role": str(role), "user_id": user.pk, **({"domain": domain} if domain else {})},
        is_automated=is_automated(by),
    )
    return member


def refuse_personal(workspace: Workspace) -> None:
    """Raise Conflict (``workspace_personal``) for the workspace of one person."""
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Create a team to work with others."),
            code="workspace_personal",
        )


def refuse_archived(workspace: Workspace) -> None:
    """Raise Conflict (``workspace_archived``) while nobody joins or is invited."""
    if Workspace.objects.filter(pk=workspace.pk, archived_at__isnull=False).exists():
        raise _build_archived(workspace)


def _build_archived(workspace: Workspace) -> Conflict:
    return Conflict(
        _("%(workspace)s is archived and read only. One of its owners can open it again.")
        % {"workspace": workspace.name},
        code="workspace_archived",
    )


def refuse_removed(workspace_id: int, user: User) -> None:
    """Raise Forbidden (``removed_here``) for who was removed by somebody else, by hand or by the identity
    provider, and not invited since: ways in that are open to many are closed to them.
    """
    if Member.objects.filter(workspace_id=workspace_id, user=user).exists():
        return
    is_inactive = ScimUser.objects.filter(
        Q(user=user) | Q(user__isnull=True, email=user.email), workspace_id=workspace_id, is_active=False
    ).exists()
    removal = (
        AuditEvent.objects.filter(
            workspace_id=workspace_id,
            subject_type=User._meta.label_lower,
            subject_id=str(user.pk),
            action="workspaces.member_removed",
        )
        .order_by("-pk")
        .first()
    )
    is_removed = removal is not None and not removal.data.get("left")
    if is_removed and removal is not None:
        is_removed = not Invitation.objects.filter(
            workspace_id=workspace_id,
            email=user.email,
            guest_until__isnull=True,
            accepted_at__gt=removal.at,
        ).exists()
    if is_inactive or is_removed:
        raise Forbidden(_("Ask an admin to invite you."), code="removed_here")


def _require_seat(workspace: Workspace, seats: int | None, *, for_self: bool) -> None:
    """Raise Conflict (``no_seat``) when the workspace has no free seat; the caller has locked it.

    ``for_self`` words it for who wants to join, otherwise for an admin.
    """
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
