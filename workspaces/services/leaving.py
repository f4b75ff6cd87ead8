"""Deactivates and deletes accounts; keeps what others rely on under a pseudonym."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from workspaces.access import open_admin_scope
from workspaces.models import ApiKey, Invitation, Member, Notification, StaffRole, User, Workspace
from workspaces.services.locks import lock_person, lock_workspaces
from workspaces.states import Role, WorkspaceKind

# Not translated: it is stored in place of the name.
DELETED_NAME = "Deleted account"


def deactivate_user(*, user: User, by: User | None, at: datetime, reason: str = "") -> None:
    """Deactivate an account: sessions and API keys end with the next request. Idempotent. Audited."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            return
        user.is_active = False
        record(action="workspaces.user_deactivated", by=by, at=at, subject=user, reason=reason)


def delete_account(*, user: User, confirmation: str, by: User, at: datetime) -> None:
    """Delete a person's data; the row stays under a pseudonym, because usage and the ledger refer to it.

    ``confirmation`` is the typed e-mail address. Raises InvalidInput when it differs and Conflict while
    the person is the only owner of a team. Audited without the address.
    """
    if confirmation.strip().lower() != user.email:
        raise InvalidInput(
            _("Type your e-mail address exactly to confirm."), code="confirmation_wrong", field="confirmation"
        )
    with transaction.atomic():
        lock_person(user)  # from here on nobody gives the person another workspace
        lock_workspaces(Member.objects.filter(user=user).values_list("workspace_id", flat=True))
        owned_alone = _list_teams_owned_alone(user)
        if owned_alone:
            raise Conflict(
                _("You are the only owner of %(names)s. Name another owner there first.")
                % {"names": _(", ").join(owned_alone)},
                code="last_owner",
            )
        record(action="workspaces.user_deleted", by=by, at=at, subject=("workspaces.user", str(user.pk)))
        _erase(user, at=at)


def _list_teams_owned_alone(user: User) -> list[str]:
    owned = Workspace.objects.filter(members__user=user, members__role=Role.OWNER).exclude(
        kind=WorkspaceKind.PERSONAL
    )
    others = Member.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=user)
    shared = set(others.filter(workspace__in=owned).values_list("workspace_id", flat=True))
    return [workspace.name for workspace in owned.order_by("pk") if workspace.pk not in shared]


def _erase(user: User, *, at: datetime) -> None:
    """Remove personal data; the new address is in .invalid, a domain that nobody can own (RFC 2606)."""
    ApiKey.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=at)
    invitations = Invitation.objects.filter(
        email=user.email, accepted_at__isnull=True, revoked_at__isnull=True
    )
    with open_admin_scope(*invitations.values_list("workspace_id", flat=True), user_id=user.pk):
        invitations.update(revoked_at=at)
    Member.objects.filter(user=user).exclude(workspace__kind=WorkspaceKind.PERSONAL).delete()
    StaffRole.objects.filter(user=user).delete()
    for model in (EmailAddress, Authenticator, SocialAccount, UserSession, Notification):
        model.objects.filter(user=user).delete()
    Workspace.objects.filter(person=user).update(name=DELETED_NAME, suspended_at=at)
    user.email = f"deleted-{user.pk}@deleted.invalid"
    user.display_name = DELETED_NAME
    user.language, user.time_zone = "", "UTC"
    user.is_active = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
