"""Domains of e-mail addresses: what counts as one, and the hosts that give addresses to everybody."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.text import clean_line

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# One host a line; subdomains count too. Add one: a line here is all that it takes.
PUBLIC_HOSTS = Path(__file__).parent / "public_mail_hosts.txt"


def clean_domain(value: str, *, field: str, allows_public: bool = False) -> str:
    """Return a domain in small letters and ASCII (IDNA), without a leading "@".

    Raises InvalidInput: ``domain_invalid``, and ``domain_public`` for a host where anybody gets an address,
    unless ``allows_public``: one may have become such a host.
    """
    text = clean_line(value, max_length=253, field=field).lower().removeprefix("@").rstrip(".")
    try:
        text = text.encode("idna").decode("ascii")
    except UnicodeError:
        text = ""
    labels = text.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise InvalidInput(
            _("Write the part of an address after the @, such as acme.example."),
            code="domain_invalid",
            field=field,
        )
    if not allows_public and is_public_mail_host(text):
        raise InvalidInput(
            _("Anybody can have an address at %(domain)s. Use a domain of your own.") % {"domain": text},
            code="domain_public",
            field=field,
        )
    return text


def is_public_mail_host(domain: str) -> bool:
    """Return whether anybody may have an address at ``domain`` or a parent of it."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in _load_public_hosts() for start in range(len(labels) - 1))


def get_domain(email: str) -> str:
    """Return the domain of an address in small letters and ASCII (IDNA), as ``clean_domain`` does."""
    domain = email.rpartition("@")[2].lower()
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:  # no domain name: nothing is at it
        return domain


@lru_cache(maxsize=1)
def _load_public_hosts() -> frozenset[str]:
    lines = PUBLIC_HOSTS.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
