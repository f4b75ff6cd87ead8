"""Reading people, workspaces and what belongs to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import connection
from django.db.models import QuerySet

from core.models import AuditEvent
from workspaces.models import ApiKey, Invitation, Member, Notification, User, Workspace
from workspaces.states import ADMIN_ROLES, WorkspaceKind


@dataclass(frozen=True)
class Seat:
    """One membership, with what navigation and rules need of its workspace."""

    workspace_id: int
    slug: str
    name: str
    kind: str
    role: str

    @property
    def is_admin(self) -> bool:
        return self.role in ADMIN_ROLES


@dataclass(frozen=True)
class Standing:
    """All that a person is: seats in workspaces (own one first, then by name) and staff roles."""

    seats: tuple[Seat, ...] = ()
    staff: frozenset[str] = frozenset()

    def seat_in(self, workspace_id: int) -> Seat | None:
        return next((seat for seat in self.seats if seat.workspace_id == workspace_id), None)

    @property
    def companies(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.kind != WorkspaceKind.PERSONAL)


NO_STANDING = Standing()


def standing_of(user: object) -> Standing:
    """Return the standing of ``user`` as of now, in one query; none for visitors and inactive people.

    The middleware keeps the standing of ``request.user`` on it for the length of the request.
    """
    if not isinstance(user, User) or user.pk is None or not user.is_active:
        return NO_STANDING
    kept: Standing | None = getattr(user, "_standing", None)
    return kept if kept is not None else _read_standing(user)


def keep_standing(user: User) -> Standing:
    """Read the standing once and let ``standing_of`` this object answer from it; for one request."""
    standing = _read_standing(user)
    user._standing = standing  # type: ignore[attr-defined]  # not a column: lives as long as this object
    return standing


# Fixed SQL, as every page of a signed-in person asks it: building it anew costs the ORM ten times the query.
_STANDING = """
    SELECT (SELECT json_agg(json_build_array(w.id, w.slug, w.name, w.kind, m.role)
                            ORDER BY w.person_id, w.name, w.id)::text
              FROM workspaces_member m JOIN workspaces_workspace w ON w.id = m.workspace_id
             WHERE m.user_id = u.id AND w.suspended_at IS NULL),
           ARRAY(SELECT role::text FROM workspaces_staffrole s WHERE s.user_id = u.id)
      FROM workspaces_user u WHERE u.id = %s AND u.is_active
"""


def _read_standing(user: User) -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [user.pk])
        row = cursor.fetchone()
    if row is None:
        return NO_STANDING
    return Standing(seats=tuple(Seat(*seat) for seat in json.loads(row[0] or "[]")), staff=frozenset(row[1]))


def find_user(email: str) -> User | None:
    """Return the account with this e-mail address, whatever its case."""
    return User.objects.filter(email=email.strip().lower()).first()


def members_of(workspace: Workspace) -> QuerySet[Member]:
    return Member.objects.filter(workspace=workspace).select_related("user")


def open_invitations(workspace: Workspace, *, at: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        workspace=workspace, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at
    ).order_by("-id")


def api_keys_of(user: User) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(user=user, revoked_at__isnull=True).select_related("workspace")


def notifications_of(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(user=user)


def unread_count(user: User) -> int:
    return Notification.objects.filter(user=user, read_at__isnull=True).count()


def audit_events_of(workspace: Workspace, *, action: str = "") -> QuerySet[AuditEvent]:
    """Return the workspace's events, newest first; row-level security shows them to its admins only."""
    events = AuditEvent.objects.filter(workspace_id=workspace.pk)
    return events.filter(action=action) if action else events


def audit_actions_of(workspace: Workspace) -> list[str]:
    """Return the actions that occur in the workspace's log, for the filter."""
    rows = AuditEvent.objects.filter(workspace_id=workspace.pk)
    return sorted(rows.order_by().values_list("action", flat=True).distinct())


def workspaces_of(user: User) -> QuerySet[Workspace]:
    return Workspace.objects.filter(members__user=user, suspended_at__isnull=True)


@dataclass(frozen=True)
class SecurityOverview:
    """How well an account is locked."""

    has_password: bool
    has_totp: bool
    passkeys: int
    recovery_codes: bool
    sessions: int
    connections: int


def security_overview(user: User) -> SecurityOverview:
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    return SecurityOverview(
        has_password=user.has_usable_password(),
        has_totp=Authenticator.Type.TOTP in kinds,
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        recovery_codes=Authenticator.Type.RECOVERY_CODES in kinds,
        sessions=UserSession.objects.filter(user=user).count(),
        connections=SocialAccount.objects.filter(user=user).count(),
    )


def account_export(user: User) -> dict[str, Any]:
    """Return what this floor keeps about the person, JSON-safe; no secrets, no hashes."""
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
            {"slug": seat.slug, "name": seat.name, "kind": seat.kind, "role": seat.role}
            for seat in standing_of(user).seats
        ],
        "staff_roles": sorted(standing_of(user).staff),
        "api_keys": [
            {
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes,
                "workspace": key.workspace.slug,
                "created_at": key.created_at.isoformat(),
            }
            for key in api_keys_of(user).order_by("pk")
        ],
        "notifications": [
            {"title": note.title, "body": note.body, "at": note.created_at.isoformat()}
            for note in notifications_of(user).order_by("pk")
        ],
        "acts": [
            {"action": event.action, "at": event.at.isoformat(), "subject": event.subject_type}
            for event in AuditEvent.objects.filter(actor=user).order_by("pk")
        ],
    }
