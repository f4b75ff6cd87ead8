"""Rules of identity of workspaces, and whose word counts for an address."""

from __future__ import annotations

from dataclasses import dataclass

from workspaces.email_domains import get_domain, is_public_mail_host
from workspaces.models import (
    IdentityConnection,
    IdentityRules,
    Member,
    ProvedDomain,
    ScimGroup,
    ScimToken,
    ScimUser,
    User,
    Workspace,
)
from workspaces.states import Role


def get_identity_rules(workspace: Workspace) -> IdentityRules:
    """Return the rules, unsaved with their defaults for a workspace that has set none."""
    found = IdentityRules.objects.filter(workspace=workspace).first()
    return found or IdentityRules(workspace=workspace, updated_at=workspace.created_at)


def list_proved_domains(workspace_id: int) -> frozenset[str]:
    """Return the domains that the workspace has proved to be its own."""
    return frozenset(ProvedDomain.objects.filter(workspace_id=workspace_id).values_list("domain", flat=True))


def is_address_proved(workspace_id: int, email: str) -> bool:
    """Whether the workspace has proved that the domain of ``email`` is its own."""
    domain = get_domain(email)
    return bool(domain) and not is_public_mail_host(domain) and domain in list_proved_domains(workspace_id)


def list_owners(workspace: Workspace) -> list[User]:
    """Return the active owners, by name."""
    rows = Member.objects.filter(workspace=workspace, role=Role.OWNER, user__is_active=True)
    return [row.user for row in rows.select_related("user").order_by("user__display_name", "user_id")]


def list_scim_tokens(workspace: Workspace) -> list[ScimToken]:
    """Return the tokens that were not revoked, newest first."""
    rows = ScimToken.objects.filter(workspace=workspace, revoked_at__isnull=True)
    return list(rows.select_related("created_by").order_by("-id"))


def get_connection(workspace: Workspace, kind: str) -> IdentityConnection | None:
    return IdentityConnection.objects.filter(workspace=workspace, kind=kind).first()


def list_connections(workspace: Workspace) -> list[IdentityConnection]:
    rows = IdentityConnection.objects.filter(workspace=workspace).order_by("kind")
    return list(rows.select_related("workspace"))


@dataclass(frozen=True)
class DirectoryCount:
    """How many people and groups the identity provider keeps, and how many of the people are only invited."""

    people: int
    invited: int
    groups: int


def count_directory(workspace: Workspace) -> DirectoryCount:
    rows = ScimUser.objects.filter(workspace=workspace, is_active=True)
    return DirectoryCount(
        people=rows.count(),
        invited=rows.filter(user__isnull=True).count(),
        groups=ScimGroup.objects.filter(workspace=workspace).count(),
    )
