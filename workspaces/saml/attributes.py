"""Reads a person's name, address and other attributes from a checked assertion, as claims like OpenID's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from lxml import etree

from workspaces.saml.documents import ASSERTION, read_text

MAX_ATTRIBUTES = 200
MAX_VALUES = 500
MAX_VALUE_LENGTH = 2_000
# In this order; in any case, by name or friendly name.
EMAIL_NAMES = (
    "email",
    "mail",
    "emailaddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)
DISPLAY_NAMES = (
    "displayname",
    "name",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "cn",
    "urn:oid:2.5.4.3",
)
GIVEN_NAMES = (
    "givenname",
    "firstname",
    "urn:oid:2.5.4.42",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
)
FAMILY_NAMES = (
    "surname",
    "lastname",
    "sn",
    "urn:oid:2.5.4.4",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
)
EMAIL_FORMAT = "emailAddress"


def read_claims(signed: etree._Element, name_id: etree._Element) -> dict[str, Any]:
    """Return the attributes as lists of texts, with ``sub``, ``email`` and ``name``. Raises ValueError.

    ``sub`` has the format before the name: the same text in two formats may be two people.
    """
    kind = name_id.get("Format", "unspecified").rpartition(":")[2]
    subject = read_text(name_id)
    if not subject:
        raise ValueError("an empty name")
    claims: dict[str, Any] = {}
    folded: dict[str, str] = {}
    for attribute in signed.iterfind(f"{{{ASSERTION}}}AttributeStatement/{{{ASSERTION}}}Attribute"):
        if len(claims) >= MAX_ATTRIBUTES:
            break
        # Values that are XML of their own say nothing to us.
        values = [
            (value.text or "").strip()[:MAX_VALUE_LENGTH]
            for value in list(attribute.iterfind(f"{{{ASSERTION}}}AttributeValue"))[:MAX_VALUES]
            if not len(value)
        ]
        for name in (attribute.get("Name", ""), attribute.get("FriendlyName", "")):
            if name:
                claims.setdefault(name, []).extend(values)
                folded.setdefault(name.lower(), next((value for value in values if value), ""))
    # What a provider of OpenID Connect says in these must not come from attributes of the same names.
    for name in ("sub", "email", "name", "email_verified"):
        claims.pop(name, None)
    if folded.get("email_verified"):
        claims["email_verified"] = folded["email_verified"].lower()
    claims["sub"] = f"{kind}:{subject.lower() if kind == EMAIL_FORMAT else subject}"
    claims["email"] = _pick(folded, EMAIL_NAMES) or _read_address(subject)
    names = (_pick(folded, GIVEN_NAMES), _pick(folded, FAMILY_NAMES))
    claims["name"] = _pick(folded, DISPLAY_NAMES) or " ".join(name for name in names if name)
    return claims


def _pick(folded: dict[str, str], names: tuple[str, ...]) -> str:
    return next((folded[name] for name in names if folded.get(name)), "")


def _read_address(subject: str) -> str:
    with suppress(ValidationError):
        validate_email(subject)
        return subject
    return ""
