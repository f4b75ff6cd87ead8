"""Begins a sign-in: the request that the browser carries to the identity provider (HTTP-Redirect binding)."""

from __future__ import annotations

import base64
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from lxml import etree

from workspaces.oidc.tokens import build_stale, is_same
from workspaces.saml.documents import ASSERTION, POST_BINDING, PROTOCOL
from workspaces.saml.metadata import ServiceProvider

LIFETIME = timedelta(minutes=15)
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


@dataclass(frozen=True)
class SamlAttempt:
    """One try to sign in, kept in the session of the browser that began it."""

    request_id: str
    relay_state: str
    begun_at: float

    @classmethod
    def begin(cls, *, at: datetime) -> SamlAttempt:
        # An xs:ID must not begin with a digit.
        return cls(f"_{secrets.token_hex(20)}", secrets.token_urlsafe(32), at.timestamp())

    def require_answer(self, *, in_response_to: str, relay_state: str, at: datetime) -> None:
        """Raise SignInFailed unless the answer belongs to this try, and in time."""
        is_late = at.timestamp() - self.begun_at > LIFETIME.total_seconds()
        is_ours = is_same(self.request_id, in_response_to) and is_same(self.relay_state, relay_state)
        if is_late or not is_ours:
            raise build_stale()


def build_address(sso_url: str, service: ServiceProvider, attempt: SamlAttempt, *, at: datetime) -> str:
    """Return where the person signs in at the provider."""
    request = etree.Element(
        f"{{{PROTOCOL}}}AuthnRequest",
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
        ID=attempt.request_id,
        Version="2.0",
        IssueInstant=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        Destination=sso_url,
        AssertionConsumerServiceURL=service.acs_url,
        ProtocolBinding=POST_BINDING,
    )
    etree.SubElement(request, f"{{{ASSERTION}}}Issuer").text = service.entity_id
    etree.SubElement(request, f"{{{PROTOCOL}}}NameIDPolicy", Format=UNSPECIFIED, AllowCreate="true")
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(etree.tostring(request)) + packer.flush()
    values = {"SAMLRequest": base64.b64encode(packed).decode(), "RelayState": attempt.relay_state}
    return f"{sso_url}{'&' if '?' in sso_url else '?'}{urlencode(values)}"
