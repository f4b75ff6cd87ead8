"""What a browser sends when a passkey is registered, without a browser."""

from __future__ import annotations

from typing import Any

from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData


def passkey_data() -> dict[str, Any]:
    """Return a registration that parses; its key opens nothing."""
    identifier = b"i" * 16
    key = ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    credential = AttestedCredentialData.create(b"\0" * 16, identifier, key)
    authenticator = AuthenticatorData.create(b"h" * 32, flags, 0, credential)
    client = CollectedClientData.create("webauthn.create", b"challenge", "http://localhost:8000")
    return {
        "id": websafe_encode(identifier),
        "rawId": websafe_encode(identifier),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", authenticator, {})),
        },
    }
