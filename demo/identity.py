"""Acme's identity: a configured connection that is switched off, roles by value, and a directory that syncs."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.models_and_budgets import ACME, ADMIN, BUILDER, MEMBER
from workspaces.models import ScimToken, ScimUser, User, Workspace
from workspaces.services.connections import ConnectionSettings, set_connection
from workspaces.services.domain_claims import claim_domain, set_domain_joining, settle_check
from workspaces.services.identity_rules import set_role_claims
from workspaces.services.proved_domains import prove_domain
from workspaces.services.scim_groups import add_scim_group
from workspaces.services.scim_tokens import create_scim_token, record_token_use
from workspaces.services.scim_users import add_missing_rows
from workspaces.states import DomainOutcome

DOMAIN = "acme.test"
# Waits for its record.
CLAIMED = "acme-labs.test"
GROUPS = {"Design": (BUILDER, MEMBER), "Support": (ADMIN, MEMBER)}


def lacks_identity() -> bool:
    return Workspace.objects.filter(name=ACME).exists() and not ScimToken.objects.exists()


def seed_identity(*, at: datetime) -> str:
    """Make them; returns how many people the directory keeps."""
    acme = Workspace.objects.get(name=ACME)
    admin = User.objects.get(email=ADMIN)
    set_connection(
        workspace=acme,
        settings=ConnectionSettings(
            name="Acme sign-in",
            issuer="https://login.acme.example",
            client_id="loggia",
            secret="only for the demo",  # noqa: S106 - there is no such provider
            domains=[DOMAIN],
        ),
        by=admin,
        at=at - timedelta(days=20),
    )
    set_role_claims(
        workspace=acme,
        default_role="member",
        role_claims={"GPT admins": "admin", "GPT builders": "builder"},
        by=admin,
        at=at - timedelta(days=20),
    )
    prove_domain(workspace=acme, domain=DOMAIN, at=at - timedelta(days=20))
    set_domain_joining(workspace=acme, joining="offer", by=admin, at=at - timedelta(days=20))
    claim = claim_domain(workspace=acme, domain=CLAIMED, by=admin, at=at - timedelta(hours=3))
    settle_check(claim_id=claim.pk, outcome=DomainOutcome.MISSING, at=at - timedelta(minutes=50))
    token, _plain = create_scim_token(
        workspace=acme,
        name="Entra ID",
        by=admin,
        at=at - timedelta(days=19),
        expires_at=at + timedelta(days=346),
    )
    add_missing_rows(workspace=acme, at=at - timedelta(days=19))
    people = dict(ScimUser.objects.filter(workspace=acme).values_list("email", "pk"))
    for name, emails in GROUPS.items():
        members = [{"value": str(people[email])} for email in emails if email in people]
        add_scim_group(
            token=token, resource={"displayName": name, "members": members}, at=at - timedelta(days=19)
        )
    record_token_use(token=token, at=at - timedelta(minutes=40))
    return f"{len(people)} people in the directory of Acme"
