"""Asks identity providers to describe themselves, for pages and API. Outside of any transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from workspaces.models import IdentityConnection
from workspaces.oidc.discovery import discover
from workspaces.oidc.errors import DiscoveryFailed
from workspaces.saml.metadata import IdentityProvider, read_metadata, read_metadata_at
from workspaces.states import ConnectionKind


def read_provider(*, metadata: str, address: str, at: datetime) -> IdentityProvider | None:
    """Return the SAML provider of pasted metadata, or of that at ``address``; None for neither.

    Raises DiscoveryFailed, and InvalidInput for both.
    """
    if metadata.strip() and address.strip():
        raise InvalidInput(
            _("Paste the metadata or enter its address, not both."), code="metadata_twice", field="metadata"
        )
    if address.strip():
        return read_metadata_at(address.strip(), at=at)
    return read_metadata(metadata.encode(), at=at) if metadata.strip() else None


def describe_again(connection: IdentityConnection, *, at: datetime) -> dict[str, Any]:
    """Return ``discovered`` anew, as the provider says it today. Raises DiscoveryFailed."""
    if connection.kind == ConnectionKind.OIDC:
        return discover(connection.issuer)
    address = str(connection.discovered.get("metadata_url") or "")
    if not address:
        raise DiscoveryFailed(
            _("This metadata was pasted, so there is no address to read it from. Paste the new one below."),
            code="metadata_pasted",
        )
    provider = read_metadata_at(address, at=at)
    if provider.entity_id != connection.issuer:
        raise DiscoveryFailed(
            _("The provider calls itself %(issuer)s now. An owner must save that as another connection.")
            % {"issuer": provider.entity_id[:200]},
            code="issuer_differs",
        )
    return provider.as_stored() | {"metadata_url": address}
