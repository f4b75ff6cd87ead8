"""Reads people, workspaces and what belongs to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.audit_words import list_staff_acts
from core.errors import LimitUnreadable
from core.models import AuditEvent
from core.scope import current_scope
from workspaces.audit_filter import AuditFilter
from workspaces.erasure import load_parts
from workspaces.models import (
    ApiKey,
    Erasure,
    Invitation,
    Member,
    Notification,
    SharingPolicy,
    User,
    Workspace,
)
from workspaces.states import ADMIN_ROLES, ErasureKind, Staff, WorkspaceKind

# As many people a filter offers; others are reached through their names in the log.
AUDIT_PEOPLE = 500


@dataclass(frozen=True)
class Membership:
    """One workspace of a person with their role in it: what navigation and rules need to know."""

    workspace_id: int
    slug: str
    name: str
    kind: str
    role: str

    @property
    def is_admin(self) -> bool:
        return self.role in ADMIN_ROLES


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
        return tuple(found for found in self.memberships if found.kind != WorkspaceKind.PERSONAL)


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
    memberships = tuple(Membership(*values) for values in json.loads(row[0] or "[]"))
    roles, has_second_factor = frozenset(row[1]), row[2]
    counts = has_second_factor or not settings.STAFF_SECOND_FACTOR
    return UserRoles(
        memberships=memberships,
        staff=roles if counts else frozenset(),
        waiting_staff=frozenset() if counts else roles,
        has_second_factor=has_second_factor,
    )


def list_scope_memberships(user: User) -> QuerySet[Member]:
    """Return the memberships of ``user`` that the open scope has: an API key acts in one workspace only."""
    scope = current_scope()
    found = Member.objects.filter(user_id=user.pk)
    return found if scope.system else found.filter(workspace_id__in=scope.workspace_ids)


def find_user(email: str) -> User | None:
    """Return the account with this e-mail address, whatever its case."""
    return User.objects.filter(email=email.strip().lower()).first()


def list_staff(role: str) -> QuerySet[User]:
    """Return the active people who were given ``role``, whether or not it waits for a second factor."""
    return User.objects.filter(is_active=True, staff_roles__role=role).order_by("pk")


@dataclass(frozen=True)
class StaffMember:
    """A person with staff roles, each with its label, and whether a second factor is set up."""

    user: User
    roles: list[tuple[str, Any]]
    has_second_factor: bool


def list_staff_members() -> list[StaffMember]:
    """Return everybody with a staff role, by name. Two queries."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
    people = (
        User.objects.filter(staff_roles__isnull=False)
        .distinct()
        .annotate(has_factor=Exists(factors))
        .prefetch_related("staff_roles")
        .order_by("display_name", "pk")
    )
    return [
        StaffMember(
            user=person,
            roles=sorted((row.role, Staff(row.role).label) for row in person.staff_roles.all()),
            has_second_factor=person.has_factor,
        )
        for person in people
    ]


def list_members(workspace: Workspace) -> QuerySet[Member]:
    return Member.objects.filter(workspace=workspace).select_related("user")


def is_member_now(user_id: int, workspace_id: int) -> bool:
    """Whether a person, who need not be the one who acts, belongs to a workspace."""
    return Member.objects.filter(user_id=user_id, workspace_id=workspace_id).exists()


def is_active_member(user_id: int, workspace_id: int) -> bool:
    """As is_member_now, and neither account nor workspace is closed: for work without a request."""
    return Member.objects.filter(
        user_id=user_id,
        workspace_id=workspace_id,
        user__is_active=True,
        workspace__suspended_at__isnull=True,
    ).exists()


def list_open_invitations(workspace: Workspace, *, at: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        workspace=workspace, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at
    ).order_by("-id")


def list_api_keys(user: User) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(user=user, revoked_at__isnull=True).select_related("workspace")


def list_notifications(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(user=user)


def list_audit_events(workspace: Workspace | None, wanted: AuditFilter) -> QuerySet[AuditEvent]:
    """Return the events of a workspace, or for None those of the platform.

    Row-level security shows the former to its admins only, the latter to operators. A workspace's log cannot
    be filtered by staff of the platform who acted on it, as it does not name them either.
    """
    if workspace is None:
        return wanted.apply(AuditEvent.objects.filter(workspace_id__isnull=True))
    events = wanted.apply(AuditEvent.objects.filter(workspace_id=workspace.pk))
    if wanted.person is None or Member.objects.filter(workspace=workspace, user_id=wanted.person).exists():
        return events
    return events.exclude(action__in=list_staff_acts())


def list_audit_actions(workspace: Workspace | None) -> list[str]:
    """Return the actions that occur in the log, for the filter."""
    rows = list_audit_events(workspace, AuditFilter())
    return sorted(rows.order_by().values_list("action", flat=True).distinct())


def list_audit_people(workspace: Workspace | None, *, also: int | None = None) -> list[User]:
    """Return people by whom the log can be filtered: members, or the staff of the platform.

    ``also`` adds another person whom the log names.
    """
    if workspace is None:
        found = Q(staff_roles__isnull=False)
    else:
        found = Q(pk__in=Member.objects.filter(workspace=workspace).values("user_id"))
    if also is not None and _names_actor(workspace, also):
        found |= Q(pk=also)
    rows = User.objects.filter(found)
    return list(rows.distinct().order_by("display_name", "pk")[:AUDIT_PEOPLE])


def _names_actor(workspace: Workspace | None, person: int) -> bool:
    return list_audit_events(workspace, AuditFilter(person=person)).exists()


def list_workspaces(user: User) -> QuerySet[Workspace]:
    return Workspace.objects.filter(members__user=user, suspended_at__isnull=True)


def get_sharing_policy(workspace_id: int) -> SharingPolicy:
    """Return the policy that every workspace has.

    Raises LimitUnreadable where it is missing or hidden: no row must not read as "everything is allowed".
    """
    policy = SharingPolicy.objects.filter(workspace_id=workspace_id).first()
    if policy is None:
        raise LimitUnreadable(
            _("The sharing rules of this workspace cannot be read, so nothing was shared. Tell an operator."),
            code="limit_unreadable",
        )
    return policy


@dataclass(frozen=True)
class ErasureStep:
    """One part of an erasure, for its progress: "done", "waits" or "open"."""

    label: str
    state: str


def describe_erasure(erasure: Erasure) -> list[ErasureStep]:
    """Return the parts of an erasure in their order, with what is done."""
    steps = []
    for part in load_parts():
        wanted = {f"{part.name}:workspace"} if part.erase_workspace is not None else set()
        if erasure.kind == ErasureKind.ACCOUNT and part.erase_person is not None:
            wanted.add(f"{part.name}:person")
        if not wanted:
            continue
        state = "done" if wanted <= set(erasure.done) else "open"
        if state == "open" and erasure.waits_for in wanted:
            state = "waits"
        steps.append(ErasureStep(label=str(part.label), state=state))
    return steps


@dataclass(frozen=True)
class SecurityOverview:
    """How well an account is locked."""

    has_password: bool
    has_totp: bool
    passkeys: int
    recovery_codes: bool
    sessions: int
    connections: int


def list_passkey_names(user: User) -> list[str]:
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk")
    return [str(row.data.get("name", "")) for row in rows]


def get_security_overview(user: User) -> SecurityOverview:
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    return SecurityOverview(
        has_password=user.has_usable_password(),
        has_totp=Authenticator.Type.TOTP in kinds,
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        recovery_codes=Authenticator.Type.RECOVERY_CODES in kinds,
        sessions=UserSession.objects.filter(user=user).count(),
        connections=SocialAccount.objects.filter(user=user).count(),
    )


def build_account_export(user: User) -> dict[str, Any]:
    """Return the data that this app stores about a person, JSON-safe, without secrets and hashes."""
    return {
        "account": {
            "email": user.email,
            "display_name": user.display_name,
            "language": user.language,
            "time_zone": user.time_zone,
            "theme": user.theme,
            "created_at": user.created_at.isoformat(),
            "last_login": user.last_login.isoformat() if user.last_login else None,
        },
        "email_addresses": list(
            EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified", "primary")
        ),
        "workspaces": [
            {"slug": found.slug, "name": found.name, "kind": found.kind, "role": found.role}
            for found in get_user_roles(user).memberships
        ],
        "staff_roles": sorted(get_user_roles(user).staff | get_user_roles(user).waiting_staff),
        "api_keys": [
            {
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes,
                "workspace": key.workspace.slug,
                "created_at": key.created_at.isoformat(),
            }
            for key in list_api_keys(user).order_by("pk")
        ],
        "notifications": [
            {"title": note.title, "body": note.body, "at": note.created_at.isoformat()}
            for note in list_notifications(user).order_by("pk")
        ],
        "acts": [
            {"action": event.action, "at": event.at.isoformat(), "subject": event.subject_type}
            for event in AuditEvent.objects.filter(actor=user).order_by("pk")
        ],
    }
