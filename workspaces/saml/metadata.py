"""Descriptions of identity providers (SAML 2.0 Metadata), and ours of a workspace as a service provider."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils.translation import gettext_lazy as _
from lxml import etree

from workspaces.oidc.discovery import send, split_address
from workspaces.oidc.errors import DiscoveryFailed
from workspaces.saml.documents import (
    METADATA,
    POST_BINDING,
    PROTOCOL,
    REDIRECT_BINDING,
    SIGNATURE,
    parse_document,
)
from workspaces.saml.times import read_time

MAX_CERTIFICATES = 5
MIN_RSA_BITS = 2048
ACCEPTED = "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"


@dataclass(frozen=True)
class ServiceProvider:
    """A workspace as identity providers know it: its name, and where they send their answers."""

    entity_id: str
    acs_url: str


@dataclass(frozen=True)
class IdentityProvider:
    """What sign-in needs of an identity provider. Any of ``certificates``, base64 of DER, may sign."""

    entity_id: str
    sso_url: str
    certificates: Sequence[str]

    def as_stored(self) -> dict[str, Any]:
        return {"sso_url": self.sso_url, "certificates": list(self.certificates)}


@dataclass(frozen=True)
class CertificateLine:
    """A certificate as people compare it: the SHA-256 of its DER, and until when it signs."""

    fingerprint: str
    expires_at: datetime


def read_metadata_at(address: str, *, at: datetime) -> IdentityProvider:
    """Fetch and read a description. One request, outside of any transaction. Raises DiscoveryFailed."""
    response = send(address, headers={"accept": ACCEPTED}, field="metadata_url")
    if response.status != 200:
        raise DiscoveryFailed(
            _("%(host)s answered %(status)d where its metadata should be. Check the address.")
            % {"host": urlsplit(address).hostname or "", "status": response.status},
            code="metadata_missing",
            field="metadata_url",
        )
    return read_metadata(response.body, at=at, field="metadata_url")


def read_metadata(data: bytes, *, at: datetime, field: str = "metadata") -> IdentityProvider:
    """Return the one identity provider that the document describes. Raises DiscoveryFailed."""
    try:
        root = parse_document(data, drops_comments=True)
        found = [one for one in root.iter(f"{{{METADATA}}}IDPSSODescriptor") if _speaks_saml_2(one)]
    except ValueError as error:
        raise _fail(
            _("This is no SAML metadata. Paste the whole file."), "metadata_damaged", field
        ) from error
    if len(found) != 1:
        raise _fail(
            _("The metadata must describe exactly one identity provider for SAML 2.0."),
            "metadata_other",
            field,
        )
    [descriptor] = found
    entity = descriptor.getparent()
    entity_id = "" if entity is None else entity.get("entityID", "").strip()
    if not entity_id or len(entity_id) > 500:
        raise _fail(_("The metadata does not name its provider (entityID)."), "entity_missing", field)
    _refuse_old((root, entity, descriptor), at=at, field=field)
    return IdentityProvider(
        entity_id, _read_sso_url(descriptor, field), _read_certificates(descriptor, at=at, field=field)
    )


def describe_certificates(certificates: Iterable[str]) -> list[CertificateLine]:
    found = [load_certificate(one) for one in certificates]
    return [CertificateLine(get_fingerprint(one), one.not_valid_after_utc) for one in found]


def get_fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def load_certificate(text: str) -> x509.Certificate:
    """Return a certificate from base64 of its DER. Raises ValueError."""
    return x509.load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))


def build_service_metadata(service: ServiceProvider) -> bytes:
    """Return our description as XML, for the identity provider to read."""
    root = etree.Element(
        f"{{{METADATA}}}EntityDescriptor", nsmap={"md": METADATA}, entityID=service.entity_id
    )
    descriptor = etree.SubElement(
        root,
        f"{{{METADATA}}}SPSSODescriptor",
        AuthnRequestsSigned="false",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=PROTOCOL,
    )
    for kind in ("2.0:nameid-format:persistent", "1.1:nameid-format:emailAddress"):
        etree.SubElement(descriptor, f"{{{METADATA}}}NameIDFormat").text = f"urn:oasis:names:tc:SAML:{kind}"
    etree.SubElement(
        descriptor,
        f"{{{METADATA}}}AssertionConsumerService",
        Binding=POST_BINDING,
        Location=service.acs_url,
        index="0",
        isDefault="true",
    )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _speaks_saml_2(descriptor: etree._Element) -> bool:
    return PROTOCOL in descriptor.get("protocolSupportEnumeration", "").split()


def _refuse_old(elements: Iterable[etree._Element | None], *, at: datetime, field: str) -> None:
    for element in elements:
        until = "" if element is None else element.get("validUntil", "")
        try:
            is_old = bool(until) and read_time(until) <= at
        except ValueError:
            is_old = True
        if is_old:
            raise _fail(
                _("This metadata was valid until %(until)s only. Fetch it from the provider again.")
                % {"until": until[:40]},
                "metadata_old",
                field,
            )


def _read_sso_url(descriptor: etree._Element, field: str) -> str:
    for service in descriptor.findall(f"{{{METADATA}}}SingleSignOnService"):
        address = service.get("Location", "").strip()
        parts = split_address(address)
        is_usable = parts.scheme in ("https", "http") and parts.hostname and len(address) <= 500
        if service.get("Binding") == REDIRECT_BINDING and is_usable:
            return address
    raise _fail(
        _("The metadata has no address for sign-in by redirect (HTTP-Redirect). Switch it on there."),
        "redirect_missing",
        field,
    )


def _read_certificates(descriptor: etree._Element, *, at: datetime, field: str) -> list[str]:
    """Return the certificates that may sign, in their order. Raises DiscoveryFailed when none can."""
    texts: list[str] = []
    for key in descriptor.findall(f"{{{METADATA}}}KeyDescriptor"):
        if key.get("use", "signing") == "signing":
            texts += [
                "".join((one.text or "").split()) for one in key.iter(f"{{{SIGNATURE}}}X509Certificate")
            ]
    kept = list(dict.fromkeys(text for text in texts if text))
    if len(kept) > MAX_CERTIFICATES:
        raise _fail(_("The metadata has more than five certificates."), "too_many_certificates", field)
    usable = [text for text in kept if _is_usable(text, at=at)]
    if not usable:
        raise _fail(
            _(
                "The metadata has no certificate that can be used: one that is valid today, with an RSA key"
                " of at least 2048 bits or an elliptic curve."
            ),
            "certificate_missing",
            field,
        )
    return usable


def _is_usable(text: str, *, at: datetime) -> bool:
    try:
        certificate = load_certificate(text)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    is_strong = isinstance(key, ec.EllipticCurvePublicKey) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS
    )
    # One that is not valid yet is kept: that is how providers announce the next.
    return is_strong and certificate.not_valid_after_utc > at.astimezone(UTC)


def _fail(message: Any, code: str, field: str) -> DiscoveryFailed:
    return DiscoveryFailed(message, code=code, field=field)
