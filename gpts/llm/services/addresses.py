"""Cleans the address of a provider: the part before the endpoints, where the protocol's paths are added."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.outbound_guard import OutboundRefused, parse_target, policy_for
from core.outbound_purposes import OPERATOR_PURPOSES, Purpose

URL_LENGTH = 300
# Endpoints of both protocols, which people paste with the address.
_ENDPOINT = re.compile(
    r"/(chat/completions|completions|responses|embeddings|models(/[^/]+)?|moderations|images/generations"
    r"|audio/(speech|transcriptions|translations))$",
    re.I,
)


def cut_endpoint(address: str) -> str:
    """Return an address without quotes, slashes at its end, and an endpoint such as /chat/completions."""
    url = address.strip().strip("\"'`<>").strip().rstrip("/")
    cut = _ENDPOINT.sub("", url).rstrip("/")
    # A path that is the endpoint alone belongs to a server without /v1.
    return cut if "://" in cut else url


def clean_base_url(value: str, purpose: Purpose) -> str:
    """Return a provider's address up to /v1. Raises InvalidInput for one that cannot be called from here."""
    url = cut_endpoint(value)
    if "?" in url:
        raise InvalidInput(
            _(
                "Leave out the question mark and what follows: the address ends in /v1 or the like, and a key"
                " goes into its own field."
            ),
            code="bad_address",
            field="base_url",
        )
    if not url.startswith(("https://", "http://")) or len(url) > URL_LENGTH or set(url) & set(" #@\\"):
        raise InvalidInput(
            _("Enter the address up to /v1, such as https://api.example.com/v1."),
            code="bad_address",
            field="base_url",
        )
    try:
        parse_target(url, policy_for(purpose))
    except OutboundRefused as refusal:
        message: Any = refusal.message
        if purpose in OPERATOR_PURPOSES:
            message = _(
                "This server may not call that address. Use a public https address, or list the private"
                " host in the setting OUTBOUND_ALLOWED_PRIVATE_HOSTS."
            )
        raise InvalidInput(message, code=refusal.code, field="base_url", data=refusal.data) from None
    return url
