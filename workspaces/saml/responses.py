"""Checks the answer of an identity provider and reads who it confirmed. Nothing unsigned is believed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from django.utils.translation import gettext_lazy as _
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from workspaces.oidc.errors import SignInFailed
from workspaces.saml.attributes import read_claims
from workspaces.saml.documents import ASSERTION, PROTOCOL, SIGNATURE, parse_document, read_text
from workspaces.saml.metadata import IdentityProvider, ServiceProvider, load_certificate
from workspaces.saml.times import read_time

LEEWAY = timedelta(seconds=60)
MAX_CHARACTERS = 400_000
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
# What may stand between an assertion and its digest. Anything else could leave a part of it unsigned.
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
# Public keys, and SHA-2 alone: no SHA-1, and no HMAC with what an attacker may know.
CONFIGURATION = SignatureConfiguration(
    location=f"./{{{ASSERTION}}}Assertion/",
    expect_references=1,
    signature_methods=frozenset(
        {
            SignatureMethod.RSA_SHA256,
            SignatureMethod.RSA_SHA384,
            SignatureMethod.RSA_SHA512,
            SignatureMethod.SHA256_RSA_MGF1,
            SignatureMethod.SHA384_RSA_MGF1,
            SignatureMethod.SHA512_RSA_MGF1,
            SignatureMethod.ECDSA_SHA256,
            SignatureMethod.ECDSA_SHA384,
            SignatureMethod.ECDSA_SHA512,
        }
    ),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
)


@dataclass(frozen=True)
class Confirmed:
    """What a checked answer says. ``claims`` have ``sub``, and ``email`` and ``name`` where known."""

    assertion_id: str
    in_response_to: str
    claims: dict[str, Any]


def read_response(
    text: str, *, service: ServiceProvider, provider: IdentityProvider, at: datetime
) -> Confirmed:
    """Return who the provider confirmed, for this service and now. Raises SignInFailed.

    The caller must compare ``in_response_to`` with a request of the same browser, and let ``assertion_id``
    count once.
    """
    root = _parse(text)
    _refuse_failure(root)
    assertion = _find_assertion(root)
    signed = _verify(root, assertion, provider, at=at)
    try:
        # From here on only what was signed is read, but for what the response must not contradict.
        in_response_to = _check_subject(signed, service, at=at)
        _check_response(root, service, provider, in_response_to)
        _check_assertion(signed, service, provider, at=at)
        name_id = _get_one(signed, f"{{{ASSERTION}}}Subject/{{{ASSERTION}}}NameID")
        if name_id.get("Format") == TRANSIENT:
            raise SignInFailed(
                _(
                    "The identity provider names you differently each time (transient). An admin should have"
                    " it send a persistent name or the e-mail address."
                ),
                code="name_transient",
            )
        return Confirmed(signed.get("ID", ""), in_response_to, read_claims(signed, name_id))
    except ValueError as error:
        raise _damaged() from error


def _parse(text: str) -> etree._Element:
    try:
        if len(text) > MAX_CHARACTERS:
            raise ValueError("too long")
        root = parse_document(base64.b64decode("".join(text.split()), validate=True))
        if root.tag != f"{{{PROTOCOL}}}Response" or root.get("Version") != "2.0":
            raise ValueError("no response")
    except ValueError as error:
        raise _damaged() from error
    return root


def _refuse_failure(root: etree._Element) -> None:
    codes = [one.get("Value", "") for one in root.iterfind(f"{{{PROTOCOL}}}Status//{{{PROTOCOL}}}StatusCode")]
    if codes[:1] != [SUCCESS]:
        reason = codes[-1].rpartition(":")[2][:60] if codes else "?"
        raise SignInFailed(
            _("The identity provider did not confirm the sign-in (%(error)s). Begin again.")
            % {"error": reason},
            code="denied",
        )


def _find_assertion(root: etree._Element) -> etree._Element:
    """Return the only assertion, a child of the response, with its one signature over itself.

    A document with a second assertion, or with an id that stands there twice, is refused: that is how signed
    parts are wrapped in others (XML signature wrapping).
    """
    encrypted = root.iter(f"{{{ASSERTION}}}EncryptedAssertion", f"{{{ASSERTION}}}EncryptedID")
    if next(encrypted, None) is not None:
        raise SignInFailed(
            _("The identity provider encrypts its answers. An admin should switch that off there."),
            code="assertion_encrypted",
        )
    found = list(root.iter(f"{{{ASSERTION}}}Assertion"))
    if len(found) != 1 or found[0].getparent() is not root:
        raise _damaged()
    [assertion] = found
    ids = [value for element in root.iter() for name, value in element.attrib.items() if _is_id(str(name))]
    if len(ids) != len(set(ids)) or not assertion.get("ID"):
        raise _damaged()
    signatures = assertion.findall(f"{{{SIGNATURE}}}Signature")
    if not signatures:
        raise SignInFailed(
            _("The identity provider does not sign its assertions. An admin should switch that on there."),
            code="assertion_unsigned",
        )
    if len(signatures) != 1 or next(assertion.iter(f"{{{SIGNATURE}}}Object"), None) is not None:
        raise _damaged()
    _check_signature_form(signatures[0], assertion)
    return assertion


def _is_id(name: str) -> bool:
    return name.rpartition("}")[2].lower() == "id"


def _check_signature_form(signature: etree._Element, assertion: etree._Element) -> None:
    """Refuse a signature over anything but the whole assertion that it stands in."""
    prefix = f"{{{SIGNATURE}}}"
    steps = f"{prefix}SignedInfo/{prefix}Reference/{prefix}Transforms/{prefix}Transform"
    references = signature.findall(f"{prefix}SignedInfo/{prefix}Reference")
    method = signature.find(f"{prefix}SignedInfo/{prefix}CanonicalizationMethod")
    transforms = [one.get("Algorithm", "") for one in signature.iterfind(steps)]
    is_sound = (
        len(references) == 1
        and references[0].get("URI") == f"#{assertion.get('ID')}"
        and transforms == [ENVELOPED, EXCLUSIVE]
        and method is not None
        and method.get("Algorithm") == EXCLUSIVE
    )
    if not is_sound:
        raise _badly_signed()


def _verify(
    root: etree._Element, assertion: etree._Element, provider: IdentityProvider, *, at: datetime
) -> etree._Element:
    """Return the assertion as it was signed: parsed anew from the very bytes of the digest."""
    certificates = [load_certificate(one) for one in provider.certificates]
    usable = [one for one in certificates if one.not_valid_before_utc <= at < one.not_valid_after_utc]
    if not usable:
        raise SignInFailed(
            _(
                "The certificate of the identity provider has expired. An admin should read its metadata"
                " again."
            ),
            code="certificate_expired",
        )
    for certificate in usable:
        signed = _try_certificate(root, certificate, at=at)
        if signed is None:
            continue
        if signed.tag != assertion.tag or signed.get("ID") != assertion.get("ID"):
            raise _badly_signed()
        return signed
    raise _badly_signed()


def _try_certificate(
    root: etree._Element, certificate: x509.Certificate, *, at: datetime
) -> etree._Element | None:
    try:
        result = XMLVerifier().verify(
            root,
            x509_cert=certificate,
            id_attribute="ID",
            expect_config=replace(CONFIGURATION, verification_time=at),
        )
    except (
        SignXMLException,
        etree.LxmlError,
        UnsupportedAlgorithm,
        # What the library lets through of values that are none, and of a key of another kind.
        ValueError,
        TypeError,
        AttributeError,
        NotImplementedError,
    ):
        return None
    return None if isinstance(result, list) else result.signed_xml


def _check_response(
    root: etree._Element, service: ServiceProvider, provider: IdentityProvider, in_response_to: str
) -> None:
    issuer = read_text(root.find(f"{{{ASSERTION}}}Issuer"))
    contradicts = (
        root.get("Destination", service.acs_url) != service.acs_url
        or root.get("InResponseTo", in_response_to) != in_response_to
        or issuer not in ("", provider.entity_id)
    )
    if contradicts:
        raise _for_another()


def _check_subject(signed: etree._Element, service: ServiceProvider, *, at: datetime) -> str:
    """Return the request that the assertion answers. A bearer confirmation of it must hold for us, now."""
    refusal: SignInFailed = _for_another()
    for data in _iterate_confirmations(signed):
        if data.get("Recipient") != service.acs_url or data.get("NotBefore") is not None:
            continue
        if not data.get("InResponseTo"):
            refusal = SignInFailed(
                _("Nobody asked for this answer here. Begin at your company’s page of sign-in."),
                code="unsolicited",
            )
            continue
        _check_times(None, data.get("NotOnOrAfter", ""), at=at)
        return data.get("InResponseTo", "")
    raise refusal


def _iterate_confirmations(signed: etree._Element) -> Iterator[etree._Element]:
    prefix = f"{{{ASSERTION}}}"
    for confirmation in signed.iterfind(f"{prefix}Subject/{prefix}SubjectConfirmation"):
        if confirmation.get("Method") == BEARER:
            yield from confirmation.iterfind(f"{prefix}SubjectConfirmationData")


def _check_assertion(
    signed: etree._Element, service: ServiceProvider, provider: IdentityProvider, *, at: datetime
) -> None:
    prefix = f"{{{ASSERTION}}}"
    if read_text(_get_one(signed, f"{prefix}Issuer")) != provider.entity_id or signed.get("Version") != "2.0":
        raise _for_another()
    conditions = _get_one(signed, f"{prefix}Conditions")
    _check_times(conditions.get("NotBefore"), conditions.get("NotOnOrAfter"), at=at)
    restrictions = conditions.findall(f"{prefix}AudienceRestriction")
    for restriction in restrictions:
        if service.entity_id not in [read_text(one) for one in restriction.iterfind(f"{prefix}Audience")]:
            raise _for_another()
    statements = signed.findall(f"{prefix}AuthnStatement")
    if not restrictions or not statements:
        raise _for_another()
    for statement in statements:
        _check_times(None, statement.get("SessionNotOnOrAfter"), at=at)


def _check_times(begin: str | None, end: str | None, *, at: datetime) -> None:
    """Raise SignInFailed outside of the half-open interval, which the clocks may miss by ``LEEWAY``."""
    seconds = 0.0
    if begin is not None:
        seconds = max(seconds, (read_time(begin) - at).total_seconds())
    if end is not None:
        # The end itself is outside.
        late = (at - read_time(end)).total_seconds()
        seconds = max(seconds, late + 1 if late >= 0 else 0.0)
    if seconds > LEEWAY.total_seconds():
        raise SignInFailed(
            _(
                "The answer of the identity provider is not valid now: by the clock of this server it is"
                " %(seconds)d seconds too early or too late, and %(most)d are allowed. An admin should"
                " compare the clocks."
            )
            % {"seconds": seconds, "most": LEEWAY.total_seconds()},
            code="clock_differs",
        )


def _get_one(signed: etree._Element, path: str) -> etree._Element:
    found = signed.findall(path)
    if len(found) != 1:
        raise ValueError(f"{len(found)} of {path}")
    return found[0]


def _damaged() -> SignInFailed:
    return SignInFailed(
        _("The answer of the identity provider is damaged or of an unknown form. Nobody was signed in."),
        code="answer_damaged",
    )


def _badly_signed() -> SignInFailed:
    return SignInFailed(
        _(
            "The answer is not signed by a certificate that is known here, with SHA-256 or stronger. An admin"
            " should read the provider's metadata again. Nobody was signed in."
        ),
        code="signature_wrong",
    )


def _for_another() -> SignInFailed:
    return SignInFailed(
        _("The answer is for another application or address. An admin should compare the addresses."),
        code="audience_differs",
    )
