"""A SAML identity provider on a socket, with its own keys; it signs with the library that we check with."""

from __future__ import annotations

import base64
import html
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureMethod
from signxml.signer import XMLSigner

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0


@dataclass(frozen=True)
class Keys:
    """A private key with its certificate."""

    private: Any
    certificate: x509.Certificate

    @property
    def text(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()


def make_keys(*, curve: bool = False, days: int = 365, bits: int = 2048) -> Keys:
    """Make a pair whose certificate began a year ago and ends ``days`` from now."""
    private: Any = (
        ec.generate_private_key(ec.SECP256R1())
        if curve
        else rsa.generate_private_key(public_exponent=65537, key_size=bits)
    )
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sign-in of Acme")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now - timedelta(days=365)).not_valid_after(now + timedelta(days=days))
    return Keys(private, dated.sign(private, hashes.SHA256()))


@dataclass(frozen=True)
class Answer:
    """What an answer says; tests change single parts. Moments are relative to now, in seconds."""

    issuer: str
    audience: str
    recipient: str
    in_response_to: str
    subject: str = "ada"
    name_format: str = PERSISTENT
    attributes: dict[str, list[str]] = field(default_factory=dict)
    begin: float | None = -5
    end: float = 300
    confirmation_end: float | None = 300
    session_end: float | None = None
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    destination: str | None = None
    outer_in_response_to: str | None = None
    outer_issuer: str | None = None
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    assertion_id: str = "_assertion"
    has_authentication: bool = True


def build_assertion(answer: Answer, *, at: datetime) -> etree._Element:
    def moment(seconds: float) -> str:
        return (at + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def limit(name: str, seconds: float | None) -> str:
        return "" if seconds is None else f' {name}="{moment(seconds)}"'

    audience = f"<saml:Audience>{answer.audience}</saml:Audience>"
    restriction = f"<saml:AudienceRestriction>{audience}</saml:AudienceRestriction>"
    attributes = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{html.escape(value)}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in answer.attributes.items()
    )
    asked = f' InResponseTo="{answer.in_response_to}"' if answer.in_response_to else ""
    text = f"""<saml:Assertion xmlns:saml="{SAML}" ID="{answer.assertion_id}" Version="2.0" IssueInstant="{
        moment(0)
    }">
<saml:Issuer>{answer.issuer}</saml:Issuer>
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>
<saml:Subject><saml:NameID Format="{answer.name_format}">{answer.subject}</saml:NameID>
<saml:SubjectConfirmation Method="{answer.method}"><saml:SubjectConfirmationData
 Recipient="{answer.recipient}"{asked}{
        limit("NotOnOrAfter", answer.confirmation_end)
    }/></saml:SubjectConfirmation>
</saml:Subject>
<saml:Conditions{limit("NotBefore", answer.begin)}{limit("NotOnOrAfter", answer.end)}>
{restriction if answer.audience else ""}</saml:Conditions>
{
        f'<saml:AuthnStatement AuthnInstant="{moment(0)}"{limit("SessionNotOnOrAfter", answer.session_end)}/>'
        if answer.has_authentication
        else ""
    }
<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"""
    return etree.fromstring(text)


def sign(
    element: etree._Element,
    keys: Keys,
    *,
    signer: type[XMLSigner] = XMLSigner,
    c14n: CanonicalizationMethod = EXCLUSIVE,
    **algorithms: Any,
) -> etree._Element:
    if isinstance(keys.private, ec.EllipticCurvePrivateKey):
        algorithms = {"signature_algorithm": SignatureMethod.ECDSA_SHA256} | algorithms
    made = signer(c14n_algorithm=c14n, **algorithms)
    return made.sign(element, key=keys.private, cert=[keys.certificate], reference_uri=element.get("ID"))


def wrap(assertion: etree._Element, answer: Answer, *, at: datetime) -> etree._Element:
    """Return a response around the assertion."""
    optional = {"Destination": answer.destination, "InResponseTo": answer.outer_in_response_to}
    root = etree.Element(
        f"{{{PROTOCOL}}}Response",
        nsmap={"samlp": PROTOCOL, "saml": SAML},
        attrib={"ID": "_response", "Version": "2.0", "IssueInstant": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        | {name: value for name, value in optional.items() if value is not None},
    )
    if answer.outer_issuer is not None:
        etree.SubElement(root, f"{{{SAML}}}Issuer").text = answer.outer_issuer
    status = etree.SubElement(root, f"{{{PROTOCOL}}}Status")
    etree.SubElement(status, f"{{{PROTOCOL}}}StatusCode", Value=answer.status)
    root.append(assertion)
    return root


def encode(root: etree._Element | bytes) -> str:
    return base64.b64encode(root if isinstance(root, bytes) else etree.tostring(root)).decode()


def build_metadata(entity_id: str, sso_url: str, *certificates: str, use: str = ' use="signing"') -> str:
    keys = "".join(
        f'<md:KeyDescriptor{use}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for text in certificates
    )
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">{keys}'
        '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
        f' Location="{sso_url}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )


@dataclass
class SamlProvider:
    """``keys`` sign; ``published`` are in the metadata. People are made with ``set_person``."""

    address: str
    keys: Keys
    published: list[str]
    people: dict[str, Answer] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def entity_id(self) -> str:
        return f"{self.address}/metadata"

    @property
    def host(self) -> str:
        return self.address.removeprefix("http://")

    def set_person(self, subject: str, *, name_format: str = PERSISTENT, **attributes: list[str]) -> None:
        self.people[subject] = Answer(
            issuer=self.entity_id,
            audience="",
            recipient="",
            in_response_to="",
            subject=subject,
            name_format=name_format,
            attributes=attributes,
        )

    def answer(self, request: str, subject: str) -> str:
        """Return the encoded answer to a request of the redirect binding."""
        asked = etree.fromstring(zlib.decompress(base64.b64decode(request), -zlib.MAX_WBITS))
        audience = asked.findtext(f"{{{SAML}}}Issuer") or ""
        recipient, asked_id = asked.get("AssertionConsumerServiceURL", ""), asked.get("ID", "")
        said = replace(
            self.people[subject],
            audience=audience,
            recipient=recipient,
            in_response_to=asked_id,
            destination=recipient,
            outer_in_response_to=asked_id,
            outer_issuer=self.entity_id,
            assertion_id=f"_a{asked_id}",
        )
        now = datetime.now(UTC)
        assertion = build_assertion(replace(said, **self.changes), at=now)
        return encode(wrap(sign(assertion, self.keys), said, at=now))

    def confirm(self, address: str, subject: str) -> tuple[str, dict[str, str]]:
        """Sign in at the page that the browser was sent to; return where its form goes, and the form."""
        page = httpx2.get(address, headers={"x-person": subject}, trust_env=False)
        assert page.status_code == 200, page.text
        [action] = re.findall(r'action="([^"]+)"', page.text)
        fields = re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)
        return html.unescape(action), {name: html.unescape(value) for name, value in fields}

    def go_through(self, client: Client, slug: str, subject: str, **query: str) -> Any:
        """Sign ``client`` in by the company's page; return the response of the product's last step."""
        begun = client.post(f"/w/{slug}/sign-in/begin", {"kind": "saml"} | query)
        assert begun.status_code == 302, begun.content
        action, form = self.confirm(begun["Location"], subject)
        # The provider's page sends the form, so the browser leaves the cookies out.
        taken = Client().post(urlsplit(action).path, form)
        return taken if taken.status_code != 303 else client.get(taken["Location"])


@contextmanager
def run_saml_provider() -> Iterator[SamlProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/metadata":
                body = build_metadata(
                    provider.entity_id, f"{provider.address}/sso?tenant=1", *provider.published
                )
            else:
                query = parse_qs(parts.query)
                target = etree.fromstring(
                    zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -zlib.MAX_WBITS)
                ).get("AssertionConsumerServiceURL", "")
                answer = provider.answer(query["SAMLRequest"][0], self.headers["x-person"])
                body = (
                    f'<form method="post" action="{html.escape(target)}">'
                    f'<input type="hidden" name="SAMLResponse" value="{answer}">'
                    f'<input type="hidden" name="RelayState" value="{html.escape(query["RelayState"][0])}">'
                    "</form>"
                )
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_args: object) -> None:
            """Say nothing in the output of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    keys = make_keys()
    provider = SamlProvider(f"http://127.0.0.1:{server.server_port}", keys, [keys.text])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
