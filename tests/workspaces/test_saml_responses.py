"""What an answer of a SAML provider must say and how it must be signed; everything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from tests.support.saml_provider import (
    EMAIL,
    SAML,
    Answer,
    Keys,
    build_assertion,
    build_metadata,
    encode,
    make_keys,
    sign,
    wrap,
)
from workspaces.oidc.errors import DiscoveryFailed, SignInFailed
from workspaces.saml.metadata import (
    IdentityProvider,
    ServiceProvider,
    build_service_metadata,
    read_metadata,
)
from workspaces.saml.responses import Confirmed, read_response

NOW = datetime(2030, 3, 1, 12, 0, tzinfo=UTC)
SERVICE = ServiceProvider("https://loggia.example/w/acme/metadata", "https://loggia.example/w/acme/acs")
ISSUER = "https://id.acme.example"
# Valid around NOW.
KEYS, NEXT, OTHERS = (make_keys(days=3650) for _number in range(3))
PROVIDER = IdentityProvider(ISSUER, f"{ISSUER}/sso", [KEYS.text, NEXT.text])
BASE = Answer(
    issuer=ISSUER,
    audience=SERVICE.entity_id,
    recipient=SERVICE.acs_url,
    in_response_to="_request",
    attributes={
        "mail": ["Ada@Acme.example"],
        "displayName": ["Ada Lovelace"],
        "roles": ["Makers", "Staff"],
        "sub": ["somebody else"],
        "http://schemas.example/groups": ["Design"],
    },
)


def read(response: etree._Element | bytes, *, provider: IdentityProvider = PROVIDER) -> Confirmed:
    return read_response(encode(response), service=SERVICE, provider=provider, at=NOW)


def answered(answer: Answer = BASE, *, keys: Keys = KEYS, **how: Any) -> etree._Element:
    return wrap(sign(build_assertion(answer, at=NOW), keys, **how), answer, at=NOW)


def refused(response: etree._Element | bytes, **more: Any) -> str:
    with pytest.raises(SignInFailed) as refusal:
        read(response, **more)
    return refusal.value.code


def test_a_sound_answer_says_who_it_is() -> None:
    confirmed = read(answered())
    assert (confirmed.assertion_id, confirmed.in_response_to) == ("_assertion", "_request")
    assert confirmed.claims == {
        "sub": "persistent:ada",
        "email": "Ada@Acme.example",
        "name": "Ada Lovelace",
        "mail": ["Ada@Acme.example"],
        "displayName": ["Ada Lovelace"],
        "roles": ["Makers", "Staff"],
        "http://schemas.example/groups": ["Design"],
    }
    # The address may stand in the name alone, and names in two formats are two people.
    bare = replace(
        BASE, subject="Ada@Acme.example", name_format=EMAIL, attributes={"givenName": ["Ada"], "sn": ["L"]}
    )
    claims = read(answered(bare)).claims
    assert (claims["sub"], claims["email"], claims["name"]) == (
        "emailAddress:ada@acme.example", "Ada@Acme.example", "Ada L",
    )  # fmt: skip


@pytest.mark.parametrize("how", [
    {"keys": NEXT},
    {"signature_algorithm": SignatureMethod.RSA_SHA512, "digest_algorithm": DigestAlgorithm.SHA512},
    {"signature_algorithm": SignatureMethod.SHA256_RSA_MGF1},
])  # fmt: skip
def test_either_certificate_and_any_strong_algorithm_counts(how: dict[str, Any]) -> None:
    assert read(answered(**how)).claims["sub"] == "persistent:ada"


def test_a_key_on_a_curve_counts() -> None:
    keys = make_keys(curve=True, days=3650)
    provider = replace(PROVIDER, certificates=[keys.text])
    assert read(answered(keys=keys), provider=provider).claims["sub"] == "persistent:ada"
    assert refused(answered(keys=KEYS), provider=provider) == "signature_wrong"


@pytest.mark.parametrize(("changes", "code"), [
    ({"issuer": "https://id.evil.example"}, "audience_differs"),
    ({"audience": "https://loggia.example/w/globex/metadata"}, "audience_differs"),
    ({"audience": ""}, "audience_differs"),
    ({"recipient": "https://loggia.example/w/globex/acs"}, "audience_differs"),
    ({"method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"}, "audience_differs"),
    ({"has_authentication": False}, "audience_differs"),
    ({"destination": "https://loggia.example/w/globex/acs"}, "audience_differs"),
    ({"outer_in_response_to": "_another"}, "audience_differs"),
    ({"outer_issuer": "https://id.evil.example"}, "audience_differs"),
    ({"in_response_to": ""}, "unsolicited"),
    ({"begin": 61}, "clock_differs"),
    ({"end": -61}, "clock_differs"),
    ({"confirmation_end": -61}, "clock_differs"),
    ({"session_end": -61}, "clock_differs"),
    ({"confirmation_end": None}, "answer_damaged"),
    ({"subject": ""}, "answer_damaged"),
    ({"subject": "<saml:Audience>ada</saml:Audience>"}, "answer_damaged"),
    ({"name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, "name_transient"),
    ({"status": "urn:oasis:names:tc:SAML:2.0:status:Requester"}, "denied"),
])  # fmt: skip
def test_a_signed_answer_for_others_or_another_time_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refused(answered(replace(BASE, **changes))) == code


@pytest.mark.parametrize("changes", [
    {"begin": 59}, {"end": -59}, {"confirmation_end": -59}, {"begin": None}, {"session_end": 3_600},
    {"destination": SERVICE.acs_url, "outer_in_response_to": "_request", "outer_issuer": ISSUER},
])  # fmt: skip
def test_clocks_may_differ_by_a_minute(changes: dict[str, Any]) -> None:
    assert read(answered(replace(BASE, **changes))).in_response_to == "_request"


def test_the_difference_of_the_clocks_is_said() -> None:
    with pytest.raises(SignInFailed) as refusal:
        read(answered(replace(BASE, begin=125)))
    assert "125 seconds" in str(refusal.value.message)


# Attacks ----------------------------------------------------------------------------------------------------


class WeakSigner(XMLSigner):
    def check_deprecated_methods(self) -> None:
        """Let SHA-1 pass, as old providers do."""


def unsign(root: etree._Element) -> None:
    for signature in list(root.iter("{http://www.w3.org/2000/09/xmldsig#}Signature")):
        signature.getparent().remove(signature)


def get_assertion(root: etree._Element) -> etree._Element:
    found = root.find(f"{{{SAML}}}Assertion")
    assert found is not None
    return found


def make_evil(root: etree._Element, identifier: str = "_evil") -> etree._Element:
    """Return an unsigned copy that names another person."""
    evil = deepcopy(get_assertion(root))
    unsign(evil)
    evil.set("ID", identifier)
    evil.find(f".//{{{SAML}}}NameID").text = "root"
    return evil


def rename(root: etree._Element) -> None:
    root.find(f".//{{{SAML}}}NameID").text = "root"


def change_attribute(root: etree._Element) -> None:
    root.find(f".//{{{SAML}}}AttributeValue").text = "root@acme.example"


def put_before(root: etree._Element) -> None:
    root.insert(0, make_evil(root))


def put_behind(root: etree._Element) -> None:
    root.append(make_evil(root))


def put_twin_before(root: etree._Element) -> None:
    root.insert(0, make_evil(root, "_assertion"))


def put_around(root: etree._Element) -> None:
    """The signed assertion stands inside the forged one."""
    good, evil = get_assertion(root), make_evil(root)
    root.replace(good, evil)
    evil.append(good)


def put_into_signature(root: etree._Element) -> None:
    """The forged assertion carries the signature; the signed one hides in an Object of it."""
    good, evil = get_assertion(root), make_evil(root)
    signature = good.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    good.remove(signature)
    root.replace(good, evil)
    evil.insert(1, signature)
    etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object").append(good)


def put_into_extensions(root: etree._Element) -> None:
    good, evil = get_assertion(root), make_evil(root)
    root.replace(good, evil)
    extensions = etree.Element("{urn:oasis:names:tc:SAML:2.0:protocol}Extensions")
    root.insert(0, extensions)
    extensions.append(good)


def borrow_signature(root: etree._Element) -> None:
    """The signature of the good assertion stands in the forged one, and refers to the good one elsewhere."""
    good, evil = get_assertion(root), make_evil(root)
    signature = good.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    root.replace(good, evil)
    evil.insert(1, signature)
    good.tag = "{urn:x}Hidden"
    root.append(good)


def take_id(root: etree._Element) -> None:
    """Another element takes the id that the signature names."""
    root.insert(0, etree.Element("{urn:x}Twin", ID="_assertion"))


def refer_to_everything(root: etree._Element) -> None:
    for reference in root.iter("{http://www.w3.org/2000/09/xmldsig#}Reference"):
        reference.set("URI", "")


def add_transform(root: etree._Element) -> None:
    for transforms in root.iter("{http://www.w3.org/2000/09/xmldsig#}Transforms"):
        etree.SubElement(
            transforms, "{http://www.w3.org/2000/09/xmldsig#}Transform",
            Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116",
        )  # fmt: skip


def claim_hmac(root: etree._Element) -> None:
    for method in root.iter("{http://www.w3.org/2000/09/xmldsig#}SignatureMethod"):
        method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")


def add_second_signature(root: etree._Element) -> None:
    assertion = get_assertion(root)
    signature = assertion.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    assertion.append(deepcopy(signature))


def encrypt(root: etree._Element) -> None:
    get_assertion(root).tag = f"{{{SAML}}}EncryptedAssertion"


@pytest.mark.parametrize(("attack", "code"), [
    (unsign, "assertion_unsigned"),
    (rename, "signature_wrong"),
    (change_attribute, "signature_wrong"),
    (put_before, "answer_damaged"),
    (put_behind, "answer_damaged"),
    (put_twin_before, "answer_damaged"),
    (put_around, "answer_damaged"),
    (put_into_signature, "answer_damaged"),
    (put_into_extensions, "answer_damaged"),
    (borrow_signature, "signature_wrong"),
    (take_id, "answer_damaged"),
    (refer_to_everything, "signature_wrong"),
    (add_transform, "signature_wrong"),
    (claim_hmac, "signature_wrong"),
    (add_second_signature, "answer_damaged"),
    (encrypt, "assertion_encrypted"),
])  # fmt: skip
def test_what_was_changed_after_signing_is_refused(
    attack: Callable[[etree._Element], None], code: str
) -> None:
    response = answered()
    read(response)
    attack(response)
    assert refused(response) == code


@pytest.mark.parametrize("how", [
    {"keys": OTHERS},
    {"signer": WeakSigner, "signature_algorithm": SignatureMethod.RSA_SHA1},
    {"signer": WeakSigner, "digest_algorithm": DigestAlgorithm.SHA1},
    {"c14n": CanonicalizationMethod.CANONICAL_XML_1_0},
    {"c14n": CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS},
])  # fmt: skip
def test_other_keys_and_weak_algorithms_are_refused(how: dict[str, Any]) -> None:
    assert refused(answered(**how)) == "signature_wrong"


def test_a_signature_of_the_response_alone_is_not_enough() -> None:
    assertion = build_assertion(BASE, at=NOW)
    unsign(assertion)
    response = sign(wrap(assertion, BASE, at=NOW), KEYS)
    assert refused(response) == "assertion_unsigned"
    both = sign(answered(), KEYS)
    assert read(both).claims["sub"] == "persistent:ada"


@pytest.mark.parametrize("text", [
    # The signature holds with the comment in it: canonical XML leaves comments out.
    (b">ada<", b">ada<!-- -->.evil<", b"ada.evil"),
    (b">ada<", b">ada<?x y?>.evil<", b"ada.evil"),
])  # fmt: skip
def test_comments_in_names_are_refused(text: tuple[bytes, bytes, bytes]) -> None:
    plain, split, signed_name = text
    response = etree.tostring(answered(replace(BASE, subject=signed_name.decode())))
    assert response.count(signed_name) == 1
    damaged = response.replace(b">" + signed_name + b"<", split)
    assert plain.strip(b"<>") in damaged
    assert refused(damaged) == "answer_damaged"


@pytest.mark.parametrize("head", [
    b'<!DOCTYPE x [<!ENTITY a "ada">]>',
    b'<!DOCTYPE x [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    b"<!DOCTYPE x>",
])  # fmt: skip
def test_document_types_are_refused(head: bytes) -> None:
    assert refused(head + etree.tostring(answered())) == "answer_damaged"


@pytest.mark.parametrize("text", ["", "%%%", "e30=", encode(b"<x/>"), encode(b"<x"), "A" * 400_001, "häß"])
def test_what_is_no_response_is_refused(text: str) -> None:
    with pytest.raises(SignInFailed) as refusal:
        read_response(text, service=SERVICE, provider=PROVIDER, at=NOW)
    assert refusal.value.code == "answer_damaged"


def test_expired_certificates_sign_nothing() -> None:
    provider = replace(PROVIDER, certificates=[make_keys(days=1).text])
    assert refused(answered(), provider=provider) == "certificate_expired"


# Metadata ---------------------------------------------------------------------------------------------------

TODAY = datetime.now(UTC)
GOOD = build_metadata(ISSUER, f"{ISSUER}/sso", KEYS.text, NEXT.text)


def test_metadata_is_read() -> None:
    expected = IdentityProvider(ISSUER, f"{ISSUER}/sso", [KEYS.text, NEXT.text])
    assert read_metadata(GOOD.encode(), at=TODAY) == expected
    # One key for everything, comments, an expired certificate beside a good one, a list of one provider.
    old = make_keys(days=-1)
    for text in (
        build_metadata(ISSUER, f"{ISSUER}/sso", KEYS.text, NEXT.text, use=""),
        f"<?xml version='1.0'?><!-- ours -->{GOOD}",
        build_metadata(ISSUER, f"{ISSUER}/sso", old.text, KEYS.text, NEXT.text),
        f'<m:EntitiesDescriptor xmlns:m="urn:oasis:names:tc:SAML:2.0:metadata">{GOOD}</m:EntitiesDescriptor>',
    ):
        assert read_metadata(text.encode(), at=TODAY) == expected


@pytest.mark.parametrize(("text", "code"), [
    ("", "metadata_damaged"),
    ("{}", "metadata_damaged"),
    (f"<!DOCTYPE x>{GOOD}", "metadata_damaged"),
    ("<x/>", "metadata_other"),
    (f'<m:E xmlns:m="urn:x">{GOOD}{GOOD}</m:E>', "metadata_other"),
    (GOOD.replace(":SAML:2.0:protocol", ":SAML:1.1:protocol"), "metadata_other"),
    (GOOD.replace(f' entityID="{ISSUER}"', ""), "entity_missing"),
    (GOOD.replace("HTTP-Redirect", "HTTP-POST"), "redirect_missing"),
    (GOOD.replace(f'"{ISSUER}/sso"', '"javascript:alert(1)"'), "redirect_missing"),
    (build_metadata(ISSUER, f"{ISSUER}/sso"), "certificate_missing"),
    (build_metadata(ISSUER, f"{ISSUER}/sso", "AAAA"), "certificate_missing"),
    (build_metadata(ISSUER, f"{ISSUER}/sso", make_keys(days=-1).text), "certificate_missing"),
    (build_metadata(ISSUER, f"{ISSUER}/sso", make_keys(bits=1024).text), "certificate_missing"),
    (build_metadata(ISSUER, f"{ISSUER}/sso", KEYS.text, use=' use="encryption"'), "certificate_missing"),
    (build_metadata(ISSUER, f"{ISSUER}/sso", *map(str, range(6))), "too_many_certificates"),
    (GOOD.replace(
        "entityID", f'validUntil="{(TODAY - timedelta(days=1)).isoformat()}" entityID'), "metadata_old"),
])  # fmt: skip
def test_metadata_that_cannot_work_is_refused(text: str, code: str) -> None:
    with pytest.raises(DiscoveryFailed) as refusal:
        read_metadata(text.encode(), at=TODAY)
    assert (refusal.value.code, refusal.value.field) == (code, "metadata")


def test_our_own_metadata_says_where_and_how() -> None:
    root = etree.fromstring(build_service_metadata(SERVICE))
    assert root.get("entityID") == SERVICE.entity_id
    [descriptor] = root
    assert (descriptor.get("WantAssertionsSigned"), descriptor.get("AuthnRequestsSigned")) == (
        "true",
        "false",
    )
    service = descriptor[-1]
    assert (service.get("Location"), service.get("Binding", "").rpartition(":")[2]) == (
        SERVICE.acs_url, "HTTP-POST",
    )  # fmt: skip
