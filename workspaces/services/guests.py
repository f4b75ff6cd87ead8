"""Guests of a workspace: invited by mail, extended, ended by hand, by leaving or by a job."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.links import absolute_url
from workspaces.access import hash_secret, open_admin_scope
from workspaces.acts import Act, check_act
from workspaces.email_domains import get_domain
from workspaces.invitation_mails import build_invitation_mail
from workspaces.models import Guest, Invitation, Member, User, Workspace
from workspaces.policy import host_targets
from workspaces.services.joining import INVITATION_DAYS, refuse_archived
from workspaces.services.locks import lock_workspaces
from workspaces.services.mail_limits import require_invitation_within_limits
from workspaces.services.mails import enqueue_mail
from workspaces.services.users import clean_email
from workspaces.states import WorkspaceKind

GUEST_DAYS = 365


def check_guest_allowed(*, workspace: Workspace, email: str, by: User) -> None:
    """Ask the policy for a guest with this address. Raises InvalidInput for none, and Forbidden."""
    targets = host_targets(get_domain(clean_email(email)))
    check_act(by, Act.INVITE_GUEST, workspace_id=workspace.pk, targets=targets)


def invite_guest(
    *, workspace: Workspace, email: str, days: int, by: User, at: datetime, language: str = ""
) -> tuple[Invitation, str]:
    """Invite somebody as a guest for ``days``; return the invitation and its token. Audited.

    The caller has asked the policy (check_guest_allowed). Replaces an open invitation of the address.
    Mails the link after the commit. Raises InvalidInput, RateLimited, and Conflict (``already_member``).
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Create a team to work with others."),
            code="workspace_personal",
        )
    _check_days(days)
    email = clean_email(email)
    with open_admin_scope(workspace.pk, user_id=by.pk):
        if Member.objects.filter(workspace=workspace, user__email=email).exists():
            raise Conflict(_("This person is a member already."), code="already_member", field="email")
        require_invitation_within_limits(person_id=by.pk, workspace_id=workspace.pk, email=email, at=at)
        lock_workspaces([workspace.pk])
        Invitation.objects.filter(
            workspace=workspace, email=email, accepted_at__isnull=True, revoked_at__isnull=True
        ).update(revoked_at=at)
        token = secrets.token_urlsafe(32)
        invitation = Invitation.objects.create(
            workspace=workspace,
            email=email,
            role="",
            token_hash=hash_secret(token),
            invited_by=by,
            created_at=at,
            expires_at=at + timedelta(days=INVITATION_DAYS),
            guest_until=at + timedelta(days=days),
            mailed_at=at,
            language=language,
        )
        record(
            action="workspaces.guest_invited",
            by=by,
            at=at,
            subject=invitation,
            workspace_id=workspace.pk,
            data={"days": days},
        )
        link = absolute_url(reverse("workspaces:invitation-accept", args=[token]))
        with translation.override(language or settings.LANGUAGE_CODE):
            enqueue_mail(to=email, text=build_invitation_mail(invitation, link))
    return invitation, token


def start_guest(
    *, workspace: Workspace, user: User, invited_by: User, until: datetime, at: datetime
) -> Guest:
    """Make ``user`` a guest, or prolong the place that they have. Audited.

    In the caller's transaction, which has locked person and workspace, and in a scope that may write there.
    Raises Conflict (``already_member``) for a member, who sees more already.
    """
    refuse_archived(workspace)
    if Member.objects.filter(workspace=workspace, user=user).exists():
        raise Conflict(
            _("You are a member of %(name)s already.") % {"name": workspace.name}, code="already_member"
        )
    Guest.objects.filter(workspace=workspace, user=user, ended_at__isnull=True, expires_at__lte=at).update(
        ended_at=at
    )
    guest = Guest.objects.filter(workspace=workspace, user=user, ended_at__isnull=True).first()
    if guest is None:
        guest = Guest.objects.create(
            workspace=workspace, user=user, invited_by=invited_by, created_at=at, expires_at=until
        )
    elif guest.expires_at < until:
        guest.expires_at = until
        guest.save(update_fields=["expires_at"])
    record(
        action="workspaces.guest_joined",
        by=user,
        at=at,
        subject=guest,
        workspace_id=workspace.pk,
        data={"user_id": user.pk, "expires_at": guest.expires_at.isoformat()},
    )
    return guest


def extend_guest(*, guest: Guest, days: int, by: User, at: datetime) -> Guest:
    """Let a guest stay for ``days`` from now. Audited. Raises Conflict for one who has gone."""
    _check_days(days)
    with open_admin_scope(guest.workspace_id, user_id=by.pk):
        lock_workspaces([guest.workspace_id])
        fresh = _read_open(guest)
        before, fresh.expires_at = fresh.expires_at, at + timedelta(days=days)
        fresh.save(update_fields=["expires_at"])
        record(
            action="workspaces.guest_extended",
            by=by,
            at=at,
            subject=fresh,
            workspace_id=fresh.workspace_id,
            data={"user_id": fresh.user_id},
            changes={"expires_at": (before, fresh.expires_at)},
        )
    return fresh


def end_guest(*, guest: Guest, by: User, at: datetime) -> None:
    """End a guest's place; what is shared with them is out of reach with their next request. Audited.

    Idempotent. By who manages people, who invited the guest, or the guest.
    """
    with open_admin_scope(guest.workspace_id, user_id=by.pk):
        if Guest.objects.filter(pk=guest.pk, ended_at__isnull=True).update(ended_at=at):
            record(
                action="workspaces.guest_ended",
                by=by,
                at=at,
                subject=guest,
                workspace_id=guest.workspace_id,
                data={"user_id": guest.user_id},
            )


def expire_guests(*, at: datetime) -> int:
    """End the places that have expired; return how many. Idempotent. Audited as acts of the system.

    Access ended when they expired (is_active_guest): this keeps the list and the log true.
    """
    count = 0
    for guest in Guest.objects.filter(ended_at__isnull=True, expires_at__lte=at).order_by("pk")[:1000]:
        with transaction.atomic():
            # Somebody may have extended it since it was read.
            expired = Guest.objects.filter(pk=guest.pk, ended_at__isnull=True, expires_at__lte=at)
            if expired.update(ended_at=F("expires_at")):
                record(
                    action="workspaces.guest_ended",
                    by=None,
                    at=at,
                    subject=guest,
                    workspace_id=guest.workspace_id,
                    data={"user_id": guest.user_id},
                )
                count += 1
    return count


def _read_open(guest: Guest) -> Guest:
    fresh = Guest.objects.filter(pk=guest.pk, ended_at__isnull=True).first()
    if fresh is None:
        raise Conflict(_("This person is no longer a guest. Invite them again."), code="guest_ended")
    return fresh


def _check_days(days: int) -> None:
    if not 1 <= days <= GUEST_DAYS:
        raise InvalidInput(
            ngettext_lazy(
                "A guest stays for at most %(count)d day.",
                "A guest stays for at most %(count)d days.",
                GUEST_DAYS,
            )
            % {"count": GUEST_DAYS},
            code="days_invalid",
            field="days",
        )
