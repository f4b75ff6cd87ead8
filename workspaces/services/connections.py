"""Connections to a workspace's identity provider: set, checked, switched on and off, removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import compare, record
from core.errors import Conflict, Forbidden, InvalidInput
from core.secrets import seal, unseal
from core.text import clean_line
from workspaces import rules as permissions
from workspaces.email_domains import clean_domain
from workspaces.models import IdentityConnection, IdentityLink, IdentityRules, User, Workspace
from workspaces.oidc.discovery import split_address
from workspaces.saml.metadata import IdentityProvider, describe_certificates
from workspaces.services.identity_rules import lock_identity_rules
from workspaces.states import ConnectionKind

SECRET_PURPOSE = "workspaces.connection"  # noqa: S105 - what the secret is for
MAX_DOMAINS = 50
_SHARED = ("name", "issuer", "domains", "role_claim", "group_claim")
_FIELDS = (*_SHARED, "client_id")
_SAML_FIELDS = (*_SHARED, "sso_url", "metadata_url", "certificates")


@dataclass(frozen=True)
class ConnectionSettings:
    """What an admin enters. ``secret`` None keeps the present one."""

    name: str
    issuer: str
    client_id: str
    secret: str | None
    domains: Sequence[str] = ()
    role_claim: str = "roles"
    group_claim: str = "groups"


@dataclass(frozen=True)
class SamlSettings:
    """What an owner enters, with what the metadata says. ``provider`` None keeps the present one.

    ``metadata_url`` is where the metadata was read, empty when it was pasted.
    """

    name: str
    provider: IdentityProvider | None
    metadata_url: str = ""
    domains: Sequence[str] = ()
    role_claim: str = "roles"
    group_claim: str = "groups"


def set_connection(
    *, workspace: Workspace, settings: ConnectionSettings, by: User, at: datetime
) -> IdentityConnection:
    """Store an OpenID Connect connection, sealed and switched off until it was checked. Audited.

    Another issuer or client id ends the links of its people: a subject is unique within an issuer only.
    Raises InvalidInput, Forbidden for who is no owner, and Conflict while single sign-on is required: a typo
    must not lock people out.
    """
    _require_owner(workspace, by)
    values = _clean(settings)
    with transaction.atomic():
        rules = lock_identity_rules(workspace, at=at)
        row, is_new = _get_or_build(workspace, ConnectionKind.OIDC, at=at)
        before = {name: getattr(row, name) for name in _FIELDS}
        if is_new and not settings.secret:
            raise InvalidInput(_("Enter the client secret."), code="secret_missing", field="secret")
        changes = compare(before, values, _FIELDS)
        is_moved = bool({"issuer", "client_id"} & changes.keys())
        if is_moved or settings.secret:
            _require_change(rules, row)
            row.discovered, row.discovered_at, row.is_enabled = {}, None, False
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at = at
        row.save()
        if settings.secret:
            row.secret = seal(settings.secret, purpose=SECRET_PURPOSE, tenant=workspace.pk, row=str(row.pk))
            row.save(update_fields=["secret"])
        unlinked = _end_links(row) if is_moved else 0
        if changes or settings.secret:
            # Addresses and names of the provider are settings; the secret is only said to be new.
            _record(
                "connection_set",
                row,
                by,
                at,
                changes=changes,
                is_secret_new=bool(settings.secret),
                unlinked=unlinked,
            )
    return row


def set_saml_connection(
    *, workspace: Workspace, settings: SamlSettings, by: User, at: datetime
) -> IdentityConnection:
    """Store a SAML connection; a new one, or one to another provider, is switched off. Audited.

    Another provider ends the links of its people. Other certificates and addresses of the same one replace
    the present ones at once. Raises InvalidInput, Forbidden for who is no owner, and Conflict for another
    provider while single sign-on is required.
    """
    _require_owner(workspace, by)
    with transaction.atomic():
        rules = lock_identity_rules(workspace, at=at)
        row, is_new = _get_or_build(workspace, ConnectionKind.SAML, at=at)
        if is_new and settings.provider is None:
            raise InvalidInput(
                _("Paste the metadata of the provider, or enter its address."),
                code="metadata_missing",
                field="metadata",
            )
        before = _read_saml(row)
        for name, value in _clean_shared(settings).items():
            setattr(row, name, value)
        if settings.provider is not None:
            is_moved = row.issuer != settings.provider.entity_id
            if is_moved:
                _require_change(rules, row)
                row.is_enabled = False
            row.issuer = settings.provider.entity_id
            row.discovered = settings.provider.as_stored() | {"metadata_url": settings.metadata_url}
            row.discovered_at = at
        else:
            is_moved = False
        row.updated_at = at
        row.save()
        unlinked = _end_links(row) if is_moved else 0
        changes = compare(before, _read_saml(row), _SAML_FIELDS)
        if changes:
            _record("connection_set", row, by, at, changes=changes, unlinked=unlinked)
    return row


def _get_or_build(workspace: Workspace, kind: str, *, at: datetime) -> tuple[IdentityConnection, bool]:
    row = IdentityConnection.objects.filter(workspace=workspace, kind=kind).first()
    return row or IdentityConnection(workspace=workspace, kind=kind, created_at=at), row is None


def _end_links(row: IdentityConnection) -> int:
    return IdentityLink.objects.filter(connection=row).delete()[0]


def _read_saml(row: IdentityConnection) -> dict[str, Any]:
    """Return what the audit log compares; certificates by their fingerprints."""
    lines = describe_certificates(row.discovered.get("certificates", []))
    return {name: getattr(row, name) for name in _SHARED} | {
        "sso_url": row.discovered.get("sso_url", ""),
        "metadata_url": row.discovered.get("metadata_url", ""),
        "certificates": [line.fingerprint for line in lines],
    }


def note_discovery(
    *, connection: IdentityConnection, discovered: Mapping[str, Any], by: User, at: datetime
) -> None:
    """Store what the provider says about itself, unless the connection was changed meanwhile. Audited."""
    with transaction.atomic():
        lock_identity_rules(connection.workspace, at=at)
        fresh = IdentityConnection.objects.filter(
            pk=connection.pk, issuer=connection.issuer, client_id=connection.client_id
        ).first()
        is_other = fresh is None or fresh.discovered.get("metadata_url") != connection.discovered.get(
            "metadata_url"
        )
        if fresh is None or is_other:
            return
        before = _read_saml(fresh)
        fresh.discovered, fresh.discovered_at = dict(discovered), at
        fresh.save(update_fields=["discovered", "discovered_at"])
        changes = compare(before, _read_saml(fresh), _SAML_FIELDS)
        _record("connection_checked", fresh, by, at, changes=changes or None)


def switch_connection(*, connection: IdentityConnection, is_enabled: bool, by: User, at: datetime) -> None:
    """Let people sign in with the connection, or not. Idempotent. Audited.

    Raises Forbidden for who is no owner, Conflict for one that was not checked, and while single sign-on is
    required.
    """
    _require_owner(connection.workspace, by)
    with transaction.atomic():
        rules = lock_identity_rules(connection.workspace, at=at)
        fresh = IdentityConnection.objects.get(pk=connection.pk)
        if fresh.is_enabled == is_enabled:
            return
        if is_enabled and fresh.discovered_at is None:
            raise Conflict(
                _("Check the connection first: the provider has not answered yet."), code="not_checked"
            )
        if not is_enabled:
            _refuse_while_required(rules)
        fresh.is_enabled = is_enabled
        fresh.save(update_fields=["is_enabled"])
        _record("connection_switched", fresh, by, at, changes={"is_enabled": (not is_enabled, is_enabled)})


def delete_connection(*, connection: IdentityConnection, by: User, at: datetime) -> None:
    """Remove the connection with the links of its people, who then sign in otherwise. Audited.

    Raises Forbidden for who is no owner.
    """
    _require_owner(connection.workspace, by)
    with transaction.atomic():
        rules = lock_identity_rules(connection.workspace, at=at)
        if IdentityConnection.objects.filter(pk=connection.pk, is_enabled=True).exists():
            _refuse_while_required(rules)
        subject = ("workspaces.identityconnection", str(connection.pk))
        deleted, _tables = IdentityConnection.objects.filter(pk=connection.pk).delete()
        if deleted:
            record(
                action="workspaces.connection_deleted",
                by=by,
                at=at,
                subject=subject,
                workspace_id=connection.workspace_id,
            )


def open_secret(connection: IdentityConnection) -> str:
    """Return the client secret in the clear, for a request to the provider."""
    return unseal(
        connection.secret, purpose=SECRET_PURPOSE, tenant=connection.workspace_id, row=str(connection.pk)
    )


def list_sealed_secrets() -> Iterator[tuple[object, str]]:
    for row in IdentityConnection.objects.exclude(secret="").order_by("pk"):
        yield row.pk, row.secret


def replace_sealed_secret(identifier: object, before: str, after: str) -> None:
    IdentityConnection.objects.filter(pk=int(str(identifier)), secret=before).update(secret=after)


def _clean(settings: ConnectionSettings) -> dict[str, Any]:
    issuer = settings.issuer.strip()
    parts = split_address(issuer)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInput(
            _("Enter the issuer as a complete address, such as https://login.acme.example."),
            code="issuer_invalid",
            field="issuer",
        )
    return _clean_shared(settings) | {
        "issuer": clean_line(issuer, max_length=500, field="issuer"),
        "client_id": clean_line(settings.client_id, max_length=254, field="client_id"),
    }


def _clean_shared(settings: ConnectionSettings | SamlSettings) -> dict[str, Any]:
    domains = sorted({clean_domain(domain, field="domains") for domain in settings.domains if domain.strip()})
    if len(domains) > MAX_DOMAINS:
        raise InvalidInput(_("Enter at most 50 domains."), code="too_many_domains", field="domains")
    return {
        "name": clean_line(settings.name, max_length=80, field="name"),
        "domains": domains,
        "role_claim": clean_line(settings.role_claim, max_length=80, field="role_claim", required=False),
        "group_claim": clean_line(settings.group_claim, max_length=80, field="group_claim", required=False),
    }


def _require_owner(workspace: Workspace, by: User) -> None:
    # Whoever chooses the provider can sign in as anybody who is connected with it, owners included.
    if not permissions.is_workspace_owner(by, workspace):
        raise Forbidden(
            _("Only an owner can set the sign-in of the company or switch it. Ask an owner."),
            code="owner_only",
        )


def _require_change(rules: IdentityRules, row: IdentityConnection) -> None:
    # One that is off lets nobody in, so nobody is locked out by its change.
    if row.is_enabled:
        _refuse_while_required(rules)


def _refuse_while_required(rules: IdentityRules) -> None:
    if rules.is_sso_required:
        raise Conflict(
            _("Everybody must sign in with this connection now. End that rule first, then change it."),
            code="sso_required",
        )


def _record(
    verb: str,
    row: IdentityConnection,
    by: User,
    at: datetime,
    *,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    **data: Any,
) -> None:
    record(
        action=f"workspaces.{verb}",
        by=by,
        at=at,
        subject=row,
        workspace_id=row.workspace_id,
        data=data,
        changes=changes,
    )
