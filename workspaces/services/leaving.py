"""Deactivates and deletes accounts and workspaces; jobs erase the rest, and the books keep a pseudonym."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from workspaces.access import open_admin_scope
from workspaces.erasure import DELETED_NAME, load_parts
from workspaces.models import ApiKey, Erasure, Group, Invitation, Member, StaffRole, User, Workspace
from workspaces.services.erasures import request_erasure
from workspaces.services.invite_links import revoke_links_of
from workspaces.services.locks import lock_person, lock_workspaces
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.states import Role, WorkspaceKind


def deactivate_user(*, user: User, by: User | None, at: datetime, reason: str = "") -> None:
    """Deactivate an account: sessions and API keys end with the next request. Idempotent. Audited."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            return
        user.is_active = False
        record(action="workspaces.user_deactivated", by=by, at=at, subject=user, reason=reason)


def delete_account(*, user: User, confirmation: str, by: User, at: datetime) -> Erasure:
    """End an account at once and start the job that erases the person's data; return the erasure.

    The row stays under a pseudonym, because usage and the ledger refer to it. ``confirmation`` is the typed
    e-mail address. Teams of nobody else whose deletion is planned go at once. Raises InvalidInput when the
    address differs, and Conflict while the person is the only owner of another team or an app has an
    obstacle, such as a payout on its way. Audited without the address.
    """
    if confirmation.strip().lower() != user.email:
        raise InvalidInput(
            _("Type your e-mail address exactly to confirm."), code="confirmation_wrong", field="confirmation"
        )
    with transaction.atomic():
        lock_person(user)  # from here on nobody gives the person another workspace
        lock_workspaces(Member.objects.filter(user=user).values_list("workspace_id", flat=True))
        fresh = User.objects.get(pk=user.pk)
        for team in _list_planned_deletions(user):
            erase_workspace(workspace=team, by=by, at=at)
        owned_alone = _list_teams_owned_alone(user)
        if owned_alone:
            raise Conflict(
                _("You are the only owner of %(names)s. Name another owner there first.")
                % {"names": _(", ").join(owned_alone)},
                code="last_owner",
            )
        for part in load_parts():
            obstacle = part.find_obstacle(fresh) if part.find_obstacle is not None else ""
            if obstacle:
                raise Conflict(obstacle, code=f"{part.name}_obstacle")
        notify_security(user=fresh, event=SecurityEvent.ACCOUNT_DELETED, at=at)
        own = Workspace.objects.get(person=user)
        erasure = request_erasure(workspace=own, user=fresh, by=by, at=at)
        _end_account(user, at=at)
        record(action="workspaces.user_deleted", by=user, at=at, subject=("workspaces.user", str(user.pk)))
    return erasure


def delete_workspace(*, workspace: Workspace, confirmation: str, by: User, at: datetime) -> Erasure:
    """Close a team's or company's workspace at once and start the job that erases it; return the erasure.

    ``confirmation`` is the typed name. The caller has authorised an owner. Nobody can enter any more; owners
    are told. Raises InvalidInput, and Conflict for a personal workspace, which goes with its account, and
    while an app has an obstacle, such as a legal hold.
    Audited.
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(_("A personal workspace is deleted with its account."), code="workspace_personal")
    if confirmation.strip() != workspace.name:
        raise InvalidInput(
            _("Type the name exactly to confirm."), code="confirmation_wrong", field="confirmation"
        )
    return erase_workspace(workspace=workspace, by=by, at=at)


def erase_workspace(*, workspace: Workspace, by: User | None, at: datetime) -> Erasure:
    """Do what delete_workspace does, without its checks; ``by`` is None for a job."""
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        fresh = Workspace.objects.get(pk=workspace.pk)
        check_no_obstacle(fresh)
        owners = Member.objects.filter(workspace=fresh, role=Role.OWNER).select_related("user")
        for owner in owners:
            notify_security(user=owner.user, event=SecurityEvent.WORKSPACE_DELETED, at=at, detail=fresh.name)
        ApiKey.objects.filter(workspace=fresh, revoked_at__isnull=True).update(revoked_at=at)
        Invitation.objects.filter(workspace=fresh, accepted_at__isnull=True, revoked_at__isnull=True).update(
            revoked_at=at
        )
        Workspace.objects.filter(pk=fresh.pk).update(suspended_at=fresh.suspended_at or at)
        erasure = request_erasure(workspace=fresh, user=None, by=by, at=at)
        record(action="workspaces.workspace_deleted", by=by, at=at, subject=fresh, workspace_id=fresh.pk)
    return erasure


def check_no_obstacle(workspace: Workspace) -> None:
    """Raise Conflict while an app wants a workspace to stay, such as for a legal hold."""
    if found := find_obstacle(workspace):
        obstacle, code = found
        raise Conflict(obstacle, code=code)


def find_obstacle(workspace: Workspace) -> tuple[str, str] | None:
    """Return the text and the code of what keeps a workspace from being deleted, None when nothing does."""
    for part in load_parts():
        find = part.find_workspace_obstacle
        obstacle = find(workspace) if find is not None else ""
        if obstacle:
            return obstacle, f"{part.name}_obstacle"
    return None


def _list_teams_owned_alone(user: User) -> list[str]:
    """Return the names of teams without another active owner; the caller has locked them."""
    teams = Workspace.objects.filter(
        members__user=user, members__role=Role.OWNER, suspended_at__isnull=True
    ).exclude(kind=WorkspaceKind.PERSONAL)
    owned = list(teams.order_by("pk"))
    others = Member.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=user)
    shared = set(others.filter(workspace__in=owned).values_list("workspace_id", flat=True))
    return [workspace.name for workspace in owned if workspace.pk not in shared]


def _list_planned_deletions(user: User) -> list[Workspace]:
    """Return the teams that are going to be deleted and have nobody else, to whom they could be left."""
    teams = Workspace.objects.filter(
        members__user=user, members__role=Role.OWNER, deletion_due_at__isnull=False, suspended_at__isnull=True
    )
    others = Member.objects.exclude(user=user)
    return [team for team in teams.order_by("pk") if not others.filter(workspace=team).exists()]


def _end_account(user: User, *, at: datetime) -> None:
    """Remove at once what lets the person in and names them; the domain .invalid has no owner (RFC 2606)."""
    ApiKey.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=at)
    invitations = Invitation.objects.filter(email=user.email)
    with open_admin_scope(*invitations.values_list("workspace_id", flat=True), user_id=user.pk):
        invitations.update(
            email=f"deleted-{user.pk}@deleted.invalid",
            revoked_at=Coalesce("revoked_at", "accepted_at", Value(at, output_field=DateTimeField())),
        )
    owned = Group.objects.filter(owner=user)
    with open_admin_scope(*owned.values_list("workspace_id", flat=True), user_id=user.pk):
        owned.update(owner=None)
    memberships = Member.objects.filter(user=user).exclude(workspace__kind=WorkspaceKind.PERSONAL)
    for workspace_id in memberships.values_list("workspace_id", flat=True).order_by("workspace_id"):
        with open_admin_scope(workspace_id, user_id=user.pk):
            revoke_links_of(workspace_id=workspace_id, user_id=user.pk, at=at)
            Invitation.objects.filter(
                invited_by=user, workspace=workspace_id, accepted_at__isnull=True, revoked_at__isnull=True
            ).update(revoked_at=at)
    memberships.delete()
    StaffRole.objects.filter(user=user).delete()
    for key in UserSession.objects.filter(user=user).values_list("session_key", flat=True):
        SessionStore(key).delete()
    for model in (EmailAddress, Authenticator, SocialAccount, UserSession):
        model.objects.filter(user=user).delete()
    Workspace.objects.filter(person=user).update(name=DELETED_NAME, suspended_at=at)
    user.email = f"deleted-{user.pk}@deleted.invalid"
    user.display_name = DELETED_NAME
    user.language, user.time_zone = "", "UTC"
    user.former_email, user.email_changed_at = "", None
    user.is_active = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
