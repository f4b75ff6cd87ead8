"""Reads and checks what an OpenID Connect provider says about itself (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.outbound import OutboundResponse, fetch
from core.outbound_guard import OutboundRefused
from core.outbound_purposes import Purpose
from workspaces.oidc.errors import DiscoveryFailed

SECONDS = 8.0
MAX_BYTES = 500_000
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def discover(issuer: str) -> dict[str, Any]:
    """Return the parts of the provider's description that sign-in uses, its keys under ``jwks``.

    Two requests, outside of any transaction. Raises DiscoveryFailed.
    """
    described = _read(f"{issuer.rstrip('/')}/.well-known/openid-configuration", _no_description())
    if described.get("issuer") != issuer:
        raise DiscoveryFailed(
            _("The provider calls itself %(issuer)s. Enter the issuer exactly like that.")
            % {"issuer": str(described.get("issuer"))[:200]},
            code="issuer_differs",
            field="issuer",
        )
    found: dict[str, Any] = {}
    for name in (*_ADDRESSES, "userinfo_endpoint", "end_session_endpoint"):
        value = described.get(name)
        if isinstance(value, str) and split_address(value).scheme in ("https", "http") and len(value) <= 500:
            found[name] = value
    missing = [name for name in _ADDRESSES if name not in found]
    if missing:
        raise DiscoveryFailed(
            _("The provider's description lacks %(names)s. It cannot be used for sign-in.")
            % {"names": _(", ").join(missing)},
            code="description_incomplete",
            field="issuer",
        )
    methods = described.get("token_endpoint_auth_methods_supported")
    if isinstance(methods, list) and "client_secret_post" in methods and "client_secret_basic" not in methods:
        found["sends_secret_in_body"] = True
    found["jwks"] = read_keys(found["jwks_uri"])
    return found


def read_keys(address: str) -> dict[str, Any]:
    """Return the provider's public keys. Raises DiscoveryFailed."""
    keys = _read(
        address,
        DiscoveryFailed(
            _("The provider's signing keys cannot be read at %(address)s.") % {"address": address[:200]},
            code="keys_unreadable",
            field="issuer",
        ),
    )
    if not isinstance(keys.get("keys"), list) or not keys["keys"]:
        raise DiscoveryFailed(
            _("The provider publishes no signing keys."), code="keys_missing", field="issuer"
        )
    return {"keys": [key for key in keys["keys"] if isinstance(key, dict)][:50]}


def _no_description() -> DiscoveryFailed:
    return DiscoveryFailed(
        _(
            "There is no OpenID Connect description below this address. Enter the issuer, without"
            " /.well-known/openid-configuration."
        ),
        code="description_missing",
        field="issuer",
    )


def _read(address: str, otherwise: DiscoveryFailed) -> dict[str, Any]:
    response = send(address)
    try:
        found = json.loads(response.body) if response.status == 200 else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise otherwise
    return found


def split_address(text: str) -> SplitResult:
    """Return the parts of an address; all are empty for what is none."""
    try:
        return urlsplit(text)
    except ValueError:  # such as "https://["
        return urlsplit("")


def send(
    address: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
    field: str = "issuer",
) -> OutboundResponse:
    """Send one request to a provider. Raises DiscoveryFailed when it does not answer or may not be called."""
    host = split_address(address).hostname or ""
    try:
        return fetch(
            address,
            purpose=Purpose.SIGN_IN,
            method=method,
            headers={"accept": "application/json", **(headers or {})},
            content=content,
            max_bytes=MAX_BYTES,
            timeout=SECONDS,
            max_redirects=0 if content is not None else 2,
        )
    except OutboundRefused as error:
        raise DiscoveryFailed(
            _("This server may not call %(host)s. Use a public https address.") % {"host": host},
            code="address_refused",
            field=field,
        ) from error
    except DomainError as error:
        raise DiscoveryFailed(
            _("%(host)s does not answer. Check the address, and that the provider is running.")
            % {"host": host},
            code="provider_silent",
            field=field,
        ) from error
