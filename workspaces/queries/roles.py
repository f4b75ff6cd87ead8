"""The memberships and staff roles of a person: what navigation, rules and scopes are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import connection
from django.db.models import QuerySet

from core.instance_settings import get_setting
from core.scope import current_scope
from workspaces.models import Member, User
from workspaces.sign_in_rules import SignInRules
from workspaces.states import ADMIN_ROLES, WorkspaceKind


@dataclass(frozen=True)
class Membership:
    """One workspace of a person with their role in it: what navigation and rules need to know."""

    workspace_id: int
    slug: str
    name: str
    kind: str
    role: str
    rules: SignInRules | None = None

    @property
    def is_admin(self) -> bool:
        return self.role in ADMIN_ROLES

    @property
    def is_company(self) -> bool:
        return self.kind != WorkspaceKind.PERSONAL

    @property
    def shown_name(self) -> str:
        """The name for its own members, in their language: a personal workspace is nobody else's."""
        return self.name if self.is_company else str(WorkspaceKind.PERSONAL.label)


@dataclass(frozen=True)
class UserRoles:
    """A person's memberships (the personal workspace first, then by name) and staff roles.

    ``staff`` are the roles that count; ``waiting_staff`` those that do not count until the person has set up
    a second factor.
    """

    memberships: tuple[Membership, ...] = ()
    staff: frozenset[str] = frozenset()
    waiting_staff: frozenset[str] = frozenset()
    has_second_factor: bool = False

    def membership_in(self, workspace_id: int) -> Membership | None:
        return next((found for found in self.memberships if found.workspace_id == workspace_id), None)

    @property
    def companies(self) -> tuple[Membership, ...]:
        return tuple(found for found in self.memberships if found.is_company)

    @property
    def only_company(self) -> Membership | None:
        """The company of a person who belongs to exactly one: where they begin."""
        companies = self.companies
        return companies[0] if len(companies) == 1 else None


NO_ROLES = UserRoles()


def get_user_roles(user: object) -> UserRoles:
    """Return the current roles of ``user`` in one query; none for visitors and inactive people.

    No query for a ``user`` object that went through ``cache_user_roles``, such as ``request.user``.
    """
    if not isinstance(user, User) or user.pk is None or not user.is_active:
        return NO_ROLES
    cached: UserRoles | None = getattr(user, "_cached_roles", None)
    return cached if cached is not None else _read_roles(user)


def cache_user_roles(user: User) -> UserRoles:
    """Read the roles and cache them on this ``user`` object, which must not outlive the request."""
    roles = _read_roles(user)
    user._cached_roles = roles  # type: ignore[attr-defined]  # not a column
    return roles


# Recovery codes are no factor of their own.
SECOND_FACTORS = [Authenticator.Type.TOTP.value, Authenticator.Type.WEBAUTHN.value]


_ROLES_SQL = """
    SELECT memberships, staff,
           EXISTS(SELECT FROM mfa_authenticator a WHERE a.user_id = %s AND a.type = ANY(%s))
      FROM workspaces_roles_of(%s)
"""


def _read_roles(user: User) -> UserRoles:
    # Every page of a signed-in person runs this, before there is a scope; the function reads as that person.
    with connection.cursor() as cursor:
        cursor.execute(_ROLES_SQL, [user.pk, SECOND_FACTORS, user.pk])
        row = cursor.fetchone()
    if row is None:
        return NO_ROLES
    memberships = tuple(_build_membership(*values) for values in json.loads(row[0] or "[]"))
    roles, has_second_factor = frozenset(row[1]), row[2]
    counts = has_second_factor or not get_setting("staff_second_factor")
    return UserRoles(
        memberships=memberships,
        staff=roles if counts else frozenset(),
        waiting_staff=frozenset() if counts else roles,
        has_second_factor=has_second_factor,
    )


def _build_membership(
    workspace_id: int, slug: str, name: str, kind: str, role: str, rules: list[Any] | None
) -> Membership:
    if rules is None:
        return Membership(workspace_id, slug, name, kind, role)
    is_sso_required, emergency_owner_id, required_from, hours, days = rules
    moment = None if required_from is None else datetime.fromtimestamp(required_from, tz=UTC)
    return Membership(
        workspace_id,
        slug,
        name,
        kind,
        role,
        SignInRules(workspace_id, slug, is_sso_required, emergency_owner_id, moment, hours, days),
    )


def list_scope_memberships(user: User) -> QuerySet[Member]:
    """Return the memberships of ``user`` that the open scope has: an API key acts in one workspace only."""
    scope = current_scope()
    found = Member.objects.filter(user_id=user.pk)
    return found if scope.system else found.filter(workspace_id__in=scope.workspace_ids)
