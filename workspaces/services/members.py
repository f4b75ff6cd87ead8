"""Members of workspaces: inviting, joining, changing roles, leaving."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.links import absolute_url
from core.text import clean_line
from workspaces import rules
from workspaces.access import hash_secret, open_admin_scope
from workspaces.invitation_mails import build_invitation_mail
from workspaces.models import ApiKey, IdentityRules, Invitation, Member, User, Workspace
from workspaces.services.actors import is_automated
from workspaces.services.groups import release_groups_of
from workspaces.services.guests import start_guest
from workspaces.services.invite_links import revoke_links_of
from workspaces.services.joining import INVITATION_DAYS, join_workspace, refuse_archived, refuse_personal
from workspaces.services.locks import lock_person, lock_workspaces
from workspaces.services.mail_limits import require_invitation_within_limits
from workspaces.services.mails import enqueue_mail
from workspaces.services.scim_links import note_removal
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.states import ADMIN_ROLES, Role

# Who may give these roles; all others are any admin's to give.
_GIVERS: dict[str, tuple[str, ...]] = {Role.OWNER: (Role.OWNER,), Role.ADMIN: tuple(ADMIN_ROLES)}


def invite_member(
    *, workspace: Workspace, email: str, role: str, by: User, at: datetime, language: str = ""
) -> tuple[Invitation, str]:
    """Invite an e-mail address; return the invitation and the token of its link. Audited without the address.

    Replaces an open invitation of the same address. Mails the link after the commit, in ``language`` (empty:
    the instance's). The answer is the same whether or not the address has an account here.
    """
    refuse_personal(workspace)
    refuse_archived(workspace)
    _check_role(role, workspace=workspace, by=by)
    email = clean_line(email, max_length=254, field="email").lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput(
            _("Enter a complete e-mail address, such as name@example.org."),
            code="email_invalid",
            field="email",
        ) from error
    if Member.objects.filter(workspace=workspace, user__email=email).exists():
        raise Conflict(_("This person is a member already."), code="already_member", field="email")
    require_invitation_within_limits(person_id=by.pk, workspace_id=workspace.pk, email=email, at=at)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        lock_workspaces([workspace.pk])  # one open one per address
        Invitation.objects.filter(
            workspace=workspace, email=email, accepted_at__isnull=True, revoked_at__isnull=True
        ).update(revoked_at=at)
        invitation = Invitation.objects.create(
            workspace=workspace,
            email=email,
            role=role,
            token_hash=hash_secret(token),
            invited_by=by,
            created_at=at,
            expires_at=at + timedelta(days=INVITATION_DAYS),
            mailed_at=at,
            language=language,
        )
        _record("member_invited", invitation, workspace, by, at, role=str(role))
        link = absolute_url(reverse("workspaces:invitation-accept", args=[token]))
        with translation.override(language or settings.LANGUAGE_CODE):
            enqueue_mail(to=email, text=build_invitation_mail(invitation, link))
    return invitation, token


def revoke_invitation(*, invitation: Invitation, by: User, at: datetime) -> None:
    """Revoke an open invitation; its link stops working at once. Audited."""
    with transaction.atomic():
        closed = Invitation.objects.filter(
            pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True
        ).update(revoked_at=at)
        if closed:
            _record("invitation_revoked", invitation, invitation.workspace, by, at)


def accept_invitation(*, invitation: Invitation, by: User, at: datetime) -> Member | None:
    """Make ``by`` a member with the invitation's role, or a guest; the address must be their own. Audited.

    All owners hear of a new owner. Returns None for a guest. Raises Forbidden for another address, and
    Conflict when the invitation was used or revoked meanwhile or whoever sent it may give that role no more,
    for who is a member already and without a free seat; nothing is used up then.
    """
    if invitation.email != by.email:
        raise Forbidden(
            _("This invitation is for another e-mail address. Sign in with that one."),
            code="invitation_for_other",
        )
    with open_admin_scope(invitation.workspace_id, user_id=by.pk):
        lock_person(by)
        lock_workspaces([invitation.workspace_id])
        _require_inviter(invitation)
        taken = Invitation.objects.filter(
            pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at
        ).update(accepted_at=at)
        if not taken:
            raise _invitation_closed()
        if invitation.guest_until is not None:
            start_guest(
                workspace=invitation.workspace,
                user=by,
                invited_by=invitation.invited_by,
                until=invitation.guest_until,
                at=at,
            )
            return None
        member = join_workspace(workspace=invitation.workspace, user=by, role=invitation.role, by=by, at=at)
        if member.role == Role.OWNER:
            _notify_owners(member, at)
        return member


def _require_inviter(invitation: Invitation) -> None:
    """Raise Conflict unless whoever invited an admin or owner may still do so; the workspace is locked."""
    roles = _GIVERS.get(invitation.role)
    inviter = Member.objects.filter(
        workspace_id=invitation.workspace_id, user_id=invitation.invited_by_id, user__is_active=True
    )
    if roles is not None and not inviter.filter(role__in=roles).exists():
        raise _invitation_closed()


def _invitation_closed() -> Conflict:
    return Conflict(_("This invitation is no longer open. Ask for a new one."), code="invitation_used")


def add_member(*, workspace: Workspace, user: User, role: str, by: User | None, at: datetime) -> Member:
    """Add ``user`` without an invitation: for commands, domains and identity providers. Audited.

    In a scope that may write in the workspace. Raises as ``join_workspace`` does.
    """
    refuse_personal(workspace)
    if role not in Role.values:
        raise _unknown_role()
    with transaction.atomic():
        lock_person(user)
        lock_workspaces([workspace.pk])
        return join_workspace(workspace=workspace, user=user, role=role, by=by, at=at)


def change_role(*, member: Member, role: str, by: User | None, at: datetime) -> Member:
    """Give a member another role. Audited.

    Who is no admin any more loses the links and open invitations that they made, who is no owner any more the
    invitations of owners. Only owners may change an
    owner's role, and the identity provider (``by`` None), which makes nobody an owner. Raises Conflict for
    the last owner.
    """
    workspace = member.workspace
    _check_role(role, workspace=workspace, by=by)
    with transaction.atomic():
        fresh = _lock(member)
        if fresh.role == role:
            return fresh
        _check_owner_change(fresh, by=by)
        before, fresh.role = fresh.role, role
        fresh.save(update_fields=["role"])
        record(
            action="workspaces.member_role_changed",
            by=by,
            at=at,
            subject=fresh,
            workspace_id=workspace.pk,
            data={"user_id": fresh.user_id},
            changes={"role": (str(before), str(role))},
        )
        if before in ADMIN_ROLES and role not in ADMIN_ROLES:
            _close_ways_in(fresh, by=by, at=at)
        elif before == Role.OWNER:
            _close_ways_in(fresh, by=by, at=at, only_owners=True)
        if role == Role.OWNER:
            _notify_owners(fresh, at)
    member.role = role
    return fresh


def remove_member(*, member: Member, by: User | None, at: datetime) -> None:
    """Remove a member, or leave; memberships of groups, shares and API keys there end at once. Audited.

    Streams end with their next check, within two seconds. Links that they made and open invitations to them
    and by them are closed; groups and guests of theirs stay with the workspace.

    Only owners, or the identity provider (``by`` None, in a scope that may write there), may remove an owner.
    Raises Conflict for the last owner.
    """
    workspace = member.workspace
    with transaction.atomic():
        fresh = _lock(member)
        refuse_personal(workspace)
        _check_owner_change(fresh, by=by)
        ApiKey.objects.filter(
            user_id=fresh.user_id, workspace_id=fresh.workspace_id, revoked_at__isnull=True
        ).update(revoked_at=at)
        subject = ("workspaces.user", str(fresh.user_id))
        # Whoever leaves is no admin; what they owned is left to the admins.
        with open_admin_scope(workspace.pk, user_id=by.pk) if by is not None else transaction.atomic():
            release_groups_of(workspace_id=workspace.pk, user_id=fresh.user_id)
            revoke_links_of(workspace_id=workspace.pk, user_id=fresh.user_id, at=at)
            # Otherwise an older mail would let them, or somebody they chose, in again.
            Invitation.objects.filter(
                Q(email=fresh.user.email) | Q(invited_by_id=fresh.user_id),
                workspace=workspace,
                accepted_at__isnull=True,
                revoked_at__isnull=True,
            ).update(revoked_at=at)
            for path in settings.MEMBERSHIP_ENDINGS:
                import_string(path)(workspace_id=workspace.pk, user_id=fresh.user_id)
        note_removal(workspace_id=workspace.pk, user_id=fresh.user_id, at=at)
        fresh.delete()
        record(
            action="workspaces.member_removed",
            by=by,
            at=at,
            subject=subject,
            workspace_id=workspace.pk,
            data={"left": by is not None and by.pk == fresh.user_id},
            is_automated=is_automated(by),
        )


def _close_ways_in(member: Member, *, by: User | None, at: datetime, only_owners: bool = False) -> None:
    """Revoke what an admin or owner who becomes none gave out, perhaps by their own act.

    The links and open invitations, or with ``only_owners`` the invitations of owners.
    """
    workspace_id = member.workspace_id
    with open_admin_scope(workspace_id, user_id=by.pk) if by is not None else transaction.atomic():
        given = Invitation.objects.filter(
            workspace_id=workspace_id,
            invited_by_id=member.user_id,
            accepted_at__isnull=True,
            revoked_at__isnull=True,
        )
        if only_owners:
            given = given.filter(role=Role.OWNER)
        else:
            revoke_links_of(workspace_id=workspace_id, user_id=member.user_id, at=at)
        given.update(revoked_at=at)


def _notify_owners(member: Member, at: datetime) -> None:
    """Tell every owner that there is a new one, so that a thief of a session cannot add one unseen."""
    owners = Member.objects.filter(workspace_id=member.workspace_id, role=Role.OWNER)
    for owner in owners.select_related("user"):
        notify_security(
            user=owner.user,
            event=SecurityEvent.OWNER_ADDED,
            at=at,
            detail=member.workspace.name,
        )


def _lock(member: Member) -> Member:
    """Lock the workspace, so that two owners cannot leave at the same time, and read the member again."""
    lock_workspaces([member.workspace_id])
    fresh = Member.objects.select_related("workspace", "user").filter(pk=member.pk).first()
    if fresh is None:
        raise Conflict(_("This person is no longer a member."), code="not_a_member")
    return fresh


def _check_owner_change(member: Member, *, by: User | None) -> None:
    """Raise when ``by`` may not change this owner, or when it is the last one."""
    if member.role != Role.OWNER:
        return
    is_other = by is not None and by.pk != member.user_id
    if is_other and not rules.is_workspace_owner(by, member.workspace):
        raise Forbidden(_("Only an owner can change or remove an owner."), code="owner_protected")
    is_emergency = IdentityRules.objects.filter(
        workspace_id=member.workspace_id, is_sso_required=True, emergency_owner_id=member.user_id
    ).exists()
    if is_emergency:
        raise Conflict(
            _("This is the emergency owner of the sign-in rules. Name another one there first."),
            code="emergency_owner",
        )
    others = Member.objects.filter(workspace_id=member.workspace_id, role=Role.OWNER).exclude(pk=member.pk)
    if not others.filter(user__is_active=True).exists():
        raise Conflict(_("A workspace needs an owner. Make somebody else an owner first."), code="last_owner")


def _check_role(role: str, *, workspace: Workspace, by: User | None) -> None:
    if role not in Role.values:
        raise _unknown_role()
    if role == Role.OWNER and (by is None or not rules.is_workspace_owner(by, workspace)):
        raise Forbidden(_("Only an owner can name another owner."), code="owner_protected", field="role")


def _unknown_role() -> InvalidInput:
    return InvalidInput(_("Choose owner, admin, builder or member."), code="role_unknown", field="role")


def _record(
    verb: str, subject: Invitation, workspace: Workspace, by: User, at: datetime, **data: object
) -> None:
    record(action=f"workspaces.{verb}", by=by, at=at, subject=subject, workspace_id=workspace.pk, data=data)
