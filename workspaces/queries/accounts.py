"""How an account is locked, and the export of its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession

from core.models import AuditEvent
from workspaces.models import User
from workspaces.queries.people import list_api_keys, list_notifications
from workspaces.queries.roles import get_user_roles


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
