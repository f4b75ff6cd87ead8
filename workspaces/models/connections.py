"""A workspace's own identity providers, by which its people sign in."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from workspaces.models.users import User
from workspaces.models.workspaces import Workspace
from workspaces.states import ConnectionKind, DomainOutcome


class IdentityConnection(models.Model):
    """An identity provider of a workspace: OpenID Connect by discovery, or SAML by metadata; one of each.

    ``issuer`` is how the provider calls itself, for SAML its entity id. ``secret`` is sealed (core.secrets).
    ``discovered`` is what the provider says about itself: for OpenID Connect its addresses and keys, for SAML
    ``sso_url``, ``certificates`` and ``metadata_url`` (empty for metadata that was pasted). Sign-in works
    while the connection is enabled and has been discovered.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="identity_connections")
    kind = models.CharField(max_length=10, choices=ConnectionKind.choices)
    name = models.CharField(max_length=80)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=254, blank=True)
    secret = models.TextField(blank=True)
    # Addresses at these domains are offered this sign-in; only proved ones let accounts be made or linked.
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    role_claim = models.CharField(max_length=80, blank=True, default="roles")
    group_claim = models.CharField(max_length=80, blank=True, default="groups")
    discovered = models.JSONField(default=dict, blank=True)
    discovered_at = models.DateTimeField(null=True, blank=True)
    is_enabled = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind"], name="workspaces_identityconnection_once"),
            models.CheckConstraint(
                condition=models.Q(is_enabled=False) | models.Q(discovered_at__isnull=False),
                name="workspaces_identityconnection_checked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.workspace_id}"


class IdentityLink(models.Model):
    """An account and who it is to an identity provider. The subject never changes; addresses do."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(IdentityConnection, on_delete=models.CASCADE, related_name="links")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identity_links")
    subject = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "subject"], name="workspaces_identitylink_subject"),
            models.UniqueConstraint(fields=["connection", "user"], name="workspaces_identitylink_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} by connection {self.connection_id}"


class ProvedDomain(models.Model):
    """A domain of e-mail addresses that is a workspace's own: the operator or its DNS record says so.

    A domain belongs to one workspace: its directory and its identity provider may then make members of people
    with such addresses without asking them. One with a DomainClaim of its workspace is lost with its record;
    without one the operator has checked it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="proved_domains")
    domain = models.CharField(max_length=253, unique=True)
    proved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(domain=Lower("domain")), name="workspaces_proveddomain_lower"
            ),
        ]

    def __str__(self) -> str:
        return self.domain


class DomainClaim(models.Model):
    """A domain that a workspace says is its own, with the text that its DNS record must have.

    Several workspaces may claim one domain; who controls its DNS proves it (ProvedDomain). The claim stays
    for checks to come; ``failing_since`` is when a proved one first lacked its record.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="domain_claims")
    domain = models.CharField(max_length=253)
    # Published in the domain's DNS: no secret.
    token = models.CharField(max_length=40)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=12,
        choices=DomainOutcome.choices,
        default=DomainOutcome.NEVER,
        db_default=DomainOutcome.NEVER,
    )
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "domain"], name="workspaces_domainclaim_once"),
            models.CheckConstraint(
                condition=models.Q(domain=Lower("domain")), name="workspaces_domainclaim_lower"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=DomainOutcome.values), name="workspaces_domainclaim_outcome"
            ),
        ]

    def __str__(self) -> str:
        return self.domain
