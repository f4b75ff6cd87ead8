"""What claims of the identity provider mean here, and how people of a workspace must sign in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import compare, record
from core.errors import Conflict, Forbidden, InvalidInput
from core.text import clean_line
from workspaces import rules
from workspaces.models import IdentityRules, User, Workspace
from workspaces.queries.identity import get_identity_rules
from workspaces.services.locks import lock_workspaces
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
            _("A personal workspace has one person. Make a team to work with others."),
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
