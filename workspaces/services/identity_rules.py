"""What claims of the identity provider mean here, and how people of a workspace must sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import compare, record
from core.errors import Conflict, Forbidden, InvalidInput
from core.jobs import enqueue_on_commit
from core.text import clean_line
from workspaces import rules
from workspaces.models import IdentityConnection, IdentityLink, IdentityRules, Member, User, Workspace
from workspaces.queries.identity import get_identity_rules
from workspaces.queries.roles import SECOND_FACTORS
from workspaces.services.locks import lock_workspaces
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.states import Role, WorkspaceKind

MAX_CLAIMS = 100
CLAIMED_ROLES = (Role.ADMIN, Role.BUILDER, Role.MEMBER)
DEFAULT_ROLES = (Role.BUILDER, Role.MEMBER)


def set_role_claims(
    *, workspace: Workspace, default_role: str, role_claims: Mapping[str, str], by: User, at: datetime
) -> IdentityRules:
    """Set the role of people without a mapped value, and what values mean. Audited, before and after.

    People get the role with the next message about them. Raises InvalidInput for the role of owner, which no
    claim gives, and Forbidden (``admin_claim``) when somebody who is no admin maps a value to admin.
    """
    if default_role not in DEFAULT_ROLES:
        raise InvalidInput(
            _("People without a mapped value can be builders or members."),
            code="default_role_invalid",
            field="default_role",
        )
    claims = clean_role_claims(role_claims)
    with transaction.atomic():
        fresh = lock_identity_rules(workspace, at=at)
        added = {name for name, role in claims.items() if role == Role.ADMIN} - {
            name for name, role in fresh.role_claims.items() if role == Role.ADMIN
        }
        if added and not rules.is_workspace_admin(by, workspace):
            raise Forbidden(
                _("Only an admin may decide which value makes admins."),
                code="admin_claim",
                field="role_claims",
            )
        before = {"default_role": str(fresh.default_role), "role_claims": fresh.role_claims}
        after = {"default_role": str(default_role), "role_claims": claims}
        changes = compare(before, after, ("default_role", "role_claims"))
        if not changes:
            return fresh
        fresh.default_role, fresh.role_claims, fresh.updated_at = default_role, claims, at
        fresh.save()
        record_rules(fresh, "identity_claims_set", by, at, changes)
    return fresh


@dataclass(frozen=True)
class SignInChange:
    """What an admin enters. None ends a rule; ``mfa_grace_days`` count from now, -1 keeps the present day."""

    is_sso_required: bool = False
    emergency_owner: User | None = None
    mfa_grace_days: int | None = None
    session_hours: int | None = None
    api_key_days: int | None = None


_SIGN_IN_FIELDS = (
    "is_sso_required",
    "emergency_owner",
    "mfa_required_from",
    "session_hours",
    "api_key_days",
)


def set_sign_in_rules(*, workspace: Workspace, change: SignInChange, by: User, at: datetime) -> IdentityRules:
    """Set how people of the workspace must sign in; it holds from their next request on. Audited.

    Single sign-on can be required only by somebody who has signed in that way, while the connection is on,
    and with an emergency owner who has a second factor. Raises InvalidInput and Conflict otherwise.
    """
    for value, name, most in (
        (change.session_hours, "session_hours", 24 * 90),
        (change.api_key_days, "api_key_days", 3650),
        (change.mfa_grace_days, "mfa_grace_days", 90),
    ):
        if value is not None and not -1 <= value <= most:
            raise InvalidInput(
                _("Enter a number up to %(most)d.") % {"most": most}, code="number_invalid", field=name
            )
    with transaction.atomic():
        fresh = lock_identity_rules(workspace, at=at)
        if change.is_sso_required:
            _check_single_sign_on(fresh, change, by=by)
        before = {name: getattr(fresh, name) for name in _SIGN_IN_FIELDS}
        fresh.is_sso_required = change.is_sso_required
        fresh.emergency_owner = change.emergency_owner if change.is_sso_required else None
        fresh.mfa_required_from = _find_start(fresh, change.mfa_grace_days, at=at)
        fresh.session_hours, fresh.api_key_days = change.session_hours or None, change.api_key_days or None
        after = {name: getattr(fresh, name) for name in _SIGN_IN_FIELDS}
        changes = compare(before, after, _SIGN_IN_FIELDS)
        if not changes:
            return fresh
        fresh.updated_at = at
        fresh.save()
        record_rules(fresh, "sign_in_rules_set", by, at, changes)
        if fresh.mfa_required_from is not None and before["mfa_required_from"] != fresh.mfa_required_from:
            enqueue_on_commit("workspaces.send_second_factor_notices")
    return fresh


def _find_start(fresh: IdentityRules, days: int | None, *, at: datetime) -> datetime | None:
    if days is None:
        return None
    if days == -1:
        return fresh.mfa_required_from
    return at + timedelta(days=days)


def _check_single_sign_on(fresh: IdentityRules, change: SignInChange, *, by: User) -> None:
    workspace = fresh.workspace
    enabled = IdentityConnection.objects.filter(workspace=workspace, is_enabled=True)
    if not enabled.exists():
        raise Conflict(
            _("Switch a connection on first: otherwise nobody could sign in."), code="no_connection"
        )
    if not IdentityLink.objects.filter(connection__in=enabled, user=by).exists():
        raise Conflict(
            _("Sign in with the connection once yourself first, so that you do not lock yourself out."),
            code="not_tried",
        )
    owner = change.emergency_owner
    is_owner = (
        owner is not None
        and Member.objects.filter(
            workspace=workspace, user=owner, role=Role.OWNER, user__is_active=True
        ).exists()
    )
    if not is_owner:
        raise InvalidInput(
            _("Name an owner who may still sign in with a password when the identity provider fails."),
            code="emergency_owner_missing",
            field="emergency_owner",
        )
    if not Authenticator.objects.filter(user=owner, type__in=SECOND_FACTORS).exists():
        raise InvalidInput(
            _("The emergency owner must set up two-factor sign-in first."),
            code="emergency_owner_factor",
            field="emergency_owner",
        )


def note_emergency_sign_in(*, user: User, at: datetime) -> None:
    """Record that an emergency owner signed in without the company's provider, and tell all owners.

    In the scope of the person. Nothing for everybody else.
    """
    found = IdentityRules.objects.filter(emergency_owner=user, is_sso_required=True)
    for row in found.select_related("workspace"):
        record_rules(row, "emergency_sign_in", user, at, {})
        owners = Member.objects.filter(workspace=row.workspace, role=Role.OWNER, user__is_active=True)
        for owner in owners.select_related("user"):
            notify_security(
                user=owner.user,
                event=SecurityEvent.EMERGENCY_SIGN_IN,
                at=at,
                detail=f"{row.workspace.name}: {user.display_name}",
            )


def clean_role_claims(role_claims: Mapping[str, str]) -> dict[str, str]:
    """Return the claims with tidy names. Raises InvalidInput."""
    if len(role_claims) > MAX_CLAIMS:
        raise InvalidInput(
            ngettext_lazy("Map at most %(count)d value.", "Map at most %(count)d values.", MAX_CLAIMS)
            % {"count": MAX_CLAIMS},
            code="too_many_claims",
            field="role_claims",
        )
    claims: dict[str, str] = {}
    for name, role in role_claims.items():
        if role not in CLAIMED_ROLES:
            raise InvalidInput(
                _("A value can mean admin, builder or member. Owners are named by owners only."),
                code="claimed_role_invalid",
                field="role_claims",
            )
        tidy = clean_line(str(name), max_length=200, field="role_claims")
        if tidy.casefold() in {one.casefold() for one in claims}:
            raise InvalidInput(
                _("The value “%(value)s” stands there twice.") % {"value": tidy},
                code="claim_twice",
                field="role_claims",
            )
        claims[tidy] = str(role)
    return claims


def lock_identity_rules(workspace: Workspace, *, at: datetime) -> IdentityRules:
    """Lock the workspace and return its rules as they are, unsaved if there are none yet."""
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Create a team to work with others."),
            code="workspace_personal",
        )
    lock_workspaces([workspace.pk])
    return get_identity_rules(workspace)


def record_rules(
    fresh: IdentityRules, verb: str, by: User, at: datetime, changes: Mapping[str, tuple[object, object]]
) -> None:
    record(
        action=f"workspaces.{verb}",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.workspace_id,
        changes=changes,
    )
