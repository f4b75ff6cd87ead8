"""Links by which anybody joins a workspace: made and revoked by admins, used by whoever has one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.rate_limits import Limit, require_within
from core.text import clean_line
from workspaces.access import hash_secret, open_admin_scope, require_open_link
from workspaces.models import InviteLink, Member, User, Workspace
from workspaces.services.joining import join_workspace, refuse_archived, refuse_removed
from workspaces.services.locks import lock_person, lock_workspaces
from workspaces.states import LINK_ROLES, WorkspaceKind

LINK_DAYS = 90
LINK_USES = 10_000
LINKS_PER_WORKSPACE = 50
# Joins that one person tries, with whatever links.
JOINS = Limit("join-by-link", 20, 3600)


def create_invite_link(
    *,
    workspace: Workspace,
    role: str,
    days: int,
    max_uses: int | None,
    by: User,
    at: datetime,
    label: str = "",
) -> tuple[InviteLink, str]:
    """Make a link; return it with its token, of which only the hash is kept: it can be shown once. Audited.

    Only the roles of LINK_ROLES: a link may be forwarded. ``max_uses`` None: any number of people. Raises
    InvalidInput, and Conflict for too many open links (``too_many_links``).
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Create a team to work with others."),
            code="workspace_personal",
        )
    refuse_archived(workspace)
    if role not in LINK_ROLES:
        raise InvalidInput(
            _("A link makes people builders or members. Invite admins by e-mail."),
            code="role_by_link",
            field="role",
        )
    if not 1 <= days <= LINK_DAYS:
        raise InvalidInput(
            ngettext_lazy(
                "A link is valid for at most %(count)d day.",
                "A link is valid for at most %(count)d days.",
                LINK_DAYS,
            )
            % {"count": LINK_DAYS},
            code="days_invalid",
            field="days",
        )
    if max_uses is not None and not 1 <= max_uses <= LINK_USES:
        raise InvalidInput(
            _("Write a number from 1 to 10,000, or leave it empty."), code="uses_invalid", field="max_uses"
        )
    token = secrets.token_urlsafe(32)
    with open_admin_scope(workspace.pk, user_id=by.pk):
        lock_workspaces([workspace.pk])
        links = InviteLink.objects.filter(workspace=workspace, revoked_at__isnull=True, expires_at__gt=at)
        if links.count() >= LINKS_PER_WORKSPACE:
            raise Conflict(
                _("There are too many open links. Close one that nobody needs."), code="too_many_links"
            )
        link = InviteLink.objects.create(
            workspace=workspace,
            role=role,
            label=clean_line(label, max_length=80, field="label", required=False),
            token_hash=hash_secret(token),
            created_by=by,
            created_at=at,
            expires_at=at + timedelta(days=days),
            max_uses=max_uses,
        )
        record(
            action="workspaces.invite_link_created",
            by=by,
            at=at,
            subject=link,
            workspace_id=workspace.pk,
            data={"role": str(role), "max_uses": max_uses, "expires_at": link.expires_at.isoformat()},
        )
    return link, token


def revoke_invite_link(*, link: InviteLink, by: User, at: datetime) -> None:
    """Close a link at once. Idempotent. Audited."""
    with open_admin_scope(link.workspace_id, user_id=by.pk):
        if InviteLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(revoked_at=at):
            record(
                action="workspaces.invite_link_revoked",
                by=by,
                at=at,
                subject=link,
                workspace_id=link.workspace_id,
            )


def join_by_link(*, link: InviteLink, by: User, at: datetime) -> Member:
    """Make ``by`` a member with the link's role; the link counts one use. Audited.

    Raises RateLimited, NotFound when the link was closed, used up or has expired meanwhile, Forbidden
    (``removed_here``) for whom the workspace removed, and Conflict: ``already_member`` and ``no_seat``. A
    refused person uses nothing up.
    """
    require_within(JOINS, by.pk, at=at)
    with open_admin_scope(link.workspace_id, user_id=by.pk):
        lock_person(by)
        lock_workspaces([link.workspace_id])
        fresh = InviteLink.objects.select_related("workspace").get(pk=link.pk)
        require_open_link(fresh, at=at)
        refuse_removed(fresh.workspace_id, by)
        member = join_workspace(workspace=fresh.workspace, user=by, role=fresh.role, by=by, at=at)
        InviteLink.objects.filter(pk=fresh.pk).update(used_count=F("used_count") + 1)
    return member


def revoke_links_of(*, workspace_id: int, user_id: int, at: datetime) -> None:
    """Close the links that somebody made who leaves: they know the tokens. In a scope that may write them."""
    InviteLink.objects.filter(
        workspace_id=workspace_id, created_by_id=user_id, revoked_at__isnull=True
    ).update(revoked_at=at)
