"""Who somebody is whom a company's identity provider has confirmed: their account, membership, role, groups.

In the scope of the directory (workspaces.directory): the provider's answer was checked for this workspace.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Forbidden, InvalidInput
from core.scope import Scope, open_scope
from workspaces.directory import directory_scope
from workspaces.models import (
    Group,
    GroupMember,
    IdentityConnection,
    IdentityLink,
    Member,
    User,
    Workspace,
)
from workspaces.oidc.errors import SignInFailed
from workspaces.queries import get_user_roles
from workspaces.queries.identity import get_identity_rules, is_address_proved
from workspaces.services.joining import refuse_removed
from workspaces.services.locks import lock_person, lock_workspaces
from workspaces.services.members import add_member, change_role
from workspaces.services.scim_users import pick_role
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.services.users import clean_display_name, create_user, has_verified_address
from workspaces.states import MemberSource, Role


def resolve_person(
    *,
    connection: IdentityConnection,
    claims: Mapping[str, Any],
    at: datetime,
    linking: User | None = None,
    signed_in: User | None = None,
) -> User:
    """Return the account of the confirmed person, a member with the role and groups of their claims. Audited.

    A subject that was linked before is found by its link. A new one is linked to the account of its address
    only at a domain that the workspace has proved, or to ``linking``: somebody who is signed in, has entered
    the password again and asked for it. Owners of the workspace and people with staff roles are linked in the
    second way only. Without an account one is made, at a proved domain. Raises SignInFailed otherwise, when
    ``signed_in`` is somebody else, and Conflict when there is no free seat; nothing is written then.
    """
    subject = str(claims.get("sub") or "")
    if not subject or len(subject) > 254:
        raise SignInFailed(_("The identity provider does not say who you are."), code="subject_missing")
    workspace = connection.workspace
    with open_scope(directory_scope(workspace.pk)):
        link = (
            IdentityLink.objects.select_related("user").filter(connection=connection, subject=subject).first()
        )
        if link is not None:
            if linking is not None and link.user_id != linking.pk:
                raise SignInFailed(
                    _("This sign-in belongs to another account already."), code="linked_to_another"
                )
            user = link.user
            IdentityLink.objects.filter(pk=link.pk).update(last_used_at=at)
        else:
            user = linking or _find_or_create(workspace, claims, at=at)
            _link(connection, user, subject, at=at)
        if signed_in is not None and signed_in.pk != user.pk:
            raise SignInFailed(
                _(
                    "You are signed in here as %(who)s, and the identity provider confirmed another person."
                    " Sign out first, then sign in again."
                )
                % {"who": signed_in},
                code="another_signed_in",
            )
        if not user.is_active:
            raise SignInFailed(_("This account is closed."), code="account_closed")
        # In the order of every service: locks taken in two orders can deadlock.
        lock_person(user)
        lock_workspaces([workspace.pk])
        member = _ensure_member(workspace, user, connection, claims, at=at)
        _apply_role(member, connection, claims, at=at)
        _apply_groups(member, connection, claims, at=at)
    return user


def _find_or_create(workspace: Workspace, claims: Mapping[str, Any], *, at: datetime) -> User:
    email = _read_email(claims)
    if not _is_confirmed(claims) or not is_address_proved(workspace.pk, email):
        raise SignInFailed(
            _(
                "%(name)s has not proved that it owns the domain of %(email)s. Sign in with your password"
                " first, then connect this sign-in on your company’s page; or ask an admin to prove"
                " the domain."
            )
            % {"name": workspace.name, "email": email},
            code="domain_not_proved",
        )
    user = User.objects.filter(email=email).first()
    if user is not None:
        if not has_verified_address(user):
            # Whoever made the account has not shown that the address is theirs.
            raise SignInFailed(
                _(
                    "There is an account with your address that was never confirmed. Reset its password"
                    " first: the mail confirms the address."
                ),
                code="address_not_confirmed",
            )
        _refuse_powerful(workspace, user)
        return user
    try:
        name = clean_display_name(str(claims.get("name") or "")[:80])
    except InvalidInput:
        name = email.partition("@")[0][:80]
    return create_user(email=email, display_name=name, at=at, is_email_verified=True)


def _is_confirmed(claims: Mapping[str, Any]) -> bool:
    """Whether the provider vouches for the address. Some never send the claim: absent counts as yes."""
    value = claims.get("email_verified", True)
    return value is True or value == "true"


def _refuse_powerful(workspace: Workspace, user: User) -> None:
    """Raise SignInFailed for somebody whose account no address alone may open."""
    roles = get_user_roles(user)
    is_owner = Member.objects.filter(workspace=workspace, user=user, role=Role.OWNER).exists()
    if is_owner or roles.staff or roles.waiting_staff:
        raise SignInFailed(
            _(
                "This account has special rights and is not connected by its address alone. Sign in with your"
                " password first, then press Connect on your company’s page of sign-in."
            ),
            code="connect_needed",
        )


def _read_email(claims: Mapping[str, Any]) -> str:
    email = str(claims.get("email") or "").strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise SignInFailed(
            _(
                "The identity provider sent no e-mail address. An admin should allow it to send the claim"
                " “email”."
            ),
            code="email_missing",
        ) from None
    return email


def _link(connection: IdentityConnection, user: User, subject: str, *, at: datetime) -> None:
    other = IdentityLink.objects.filter(connection=connection, user=user).exclude(subject=subject)
    if other.exists():
        raise SignInFailed(
            _("Your account is connected with another person of the identity provider. Ask an admin."),
            code="linked_to_another",
        )
    IdentityLink.objects.create(
        workspace=connection.workspace,
        connection=connection,
        user=user,
        subject=subject,
        created_at=at,
        last_used_at=at,
    )
    record(
        action="workspaces.identity_linked",
        by=None,
        at=at,
        subject=("workspaces.user", str(user.pk)),
        workspace_id=connection.workspace_id,
        data={"user_id": user.pk},
    )
    with open_scope(Scope(user_id=user.pk)):
        notify_security(
            user=user, event=SecurityEvent.IDENTITY_LINKED, at=at, detail=connection.workspace.name
        )


def _ensure_member(
    workspace: Workspace,
    user: User,
    connection: IdentityConnection,
    claims: Mapping[str, Any],
    *,
    at: datetime,
) -> Member:
    member = Member.objects.select_related("workspace").filter(workspace=workspace, user=user).first()
    if member is not None:
        return member
    is_allowed = is_address_proved(workspace.pk, user.email) and has_verified_address(user)
    try:
        refuse_removed(workspace.pk, user)
    except Forbidden:
        is_allowed = False
    if not is_allowed:
        raise SignInFailed(
            _("You are no member of %(name)s. Ask one of its admins for an invitation.")
            % {"name": workspace.name},
            code="not_a_member",
        )
    rules = get_identity_rules(workspace)
    role = pick_role(read_values(claims, connection.role_claim), rules.role_claims)
    return add_member(workspace=workspace, user=user, role=role or str(rules.default_role), by=None, at=at)


def _apply_role(
    member: Member, connection: IdentityConnection, claims: Mapping[str, Any], *, at: datetime
) -> None:
    """Give the role of a mapped value. Owners stay owners: only owners decide over them."""
    role = pick_role(
        read_values(claims, connection.role_claim), get_identity_rules(member.workspace).role_claims
    )
    if role and member.role not in (role, Role.OWNER):
        change_role(member=member, role=role, by=None, at=at)


def _apply_groups(
    member: Member, connection: IdentityConnection, claims: Mapping[str, Any], *, at: datetime
) -> None:
    """Put the person in the groups that the claim names, and out of those that it named before.

    Groups that directory sync keeps are left to it, and no group is made. Without the claim nothing changes.
    """
    if not connection.group_claim or connection.group_claim not in claims:
        return
    names = {str(value).casefold() for value in read_values(claims, connection.group_claim)}
    with transaction.atomic():
        lock_person(member.user)
        lock_workspaces([member.workspace_id])
        groups = dict(
            Group.objects.filter(workspace_id=member.workspace_id, scim__isnull=True).values_list(
                "pk", "name"
            )
        )
        wanted = {pk for pk, name in groups.items() if name.casefold() in names}
        GroupMember.objects.filter(member=member, group_id__in=groups, source=MemberSource.SCIM).exclude(
            group_id__in=wanted
        ).delete()
        GroupMember.objects.bulk_create(
            [
                GroupMember(group_id=pk, member=member, source=MemberSource.SCIM, added_at=at)
                for pk in sorted(wanted)
            ],
            ignore_conflicts=True,
        )


def read_values(claims: Mapping[str, Any], name: str) -> list[Any]:
    """Return the values of a claim, which may stand below others: ``realm_access.roles``."""
    found: Any = claims.get(name) if name else None
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return [value for value in values if isinstance(value, str | int)][:500]
