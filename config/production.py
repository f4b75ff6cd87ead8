"""Settings with which production does not start. Each reason is one sentence that says how to correct it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

SHORTEST_SECRET = 40
PLACEHOLDERS = ("change-me", "changeme", "django-insecure", "only for tests", "secret")
ENVIRONMENTS = ("production", "development", "test")


def refuse_unknown(environment: str) -> None:
    if environment not in ENVIRONMENTS:
        raise ImproperlyConfigured(f"LOGGIA_ENV is {environment!r}: use production or development.")


def refuse_unsafe(
    *, secret_key: str, debug: bool, hosts: Sequence[str], base_url: str, encryption_keys: Sequence[str]
) -> None:
    """Raise ImproperlyConfigured with every reason at once; returns when production may start."""
    reasons = [
        *list_secret_problems(secret_key),
        *(["DEBUG is on: remove it from the environment."] if debug else []),
        *list_host_problems(hosts),
        *list_base_url_problems(base_url, hosts),
        *list_key_problems(encryption_keys),
    ]
    if reasons:
        raise ImproperlyConfigured("Loggia does not start in production:\n- " + "\n- ".join(reasons))


def list_secret_problems(secret: str) -> list[str]:
    make = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if not secret:
        return [f"SECRET_KEY is missing: {make}."]
    if secret.lower().startswith(PLACEHOLDERS):
        return [f"SECRET_KEY is the example's: {make}."]
    if len(secret) < SHORTEST_SECRET:
        return [f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters: {make}."]
    return []


def list_host_problems(hosts: Sequence[str]) -> list[str]:
    if not [host for host in hosts if host]:
        return ["ALLOWED_HOSTS is empty: name the hosts that people type, for example store.example.org."]
    if "*" in hosts:
        return ["ALLOWED_HOSTS allows every host: name those that people type."]
    return []


def list_base_url_problems(base_url: str, hosts: Sequence[str]) -> list[str]:
    example = "for example https://store.example.org"
    if not base_url:
        return [f"BASE_URL is missing: every link in e-mails and pages begins with it, {example}."]
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        return [f"BASE_URL is no address: write scheme and host, {example}."]
    if base_url != f"{parts.scheme}://{host}" + (f":{port}" if port else ""):
        return [f"BASE_URL has more than scheme, host and port in lower case: shorten it, {example}."]
    known = [name for name in hosts if name]
    if known and "*" not in known and not validate_host(host, known):
        return [f"BASE_URL leads to {host}, which is not in ALLOWED_HOSTS: add it there."]
    return []


def list_key_problems(keys: Sequence[str]) -> list[str]:
    make = (
        "make one with: python -c 'from cryptography.fernet import Fernet;"
        " print(Fernet.generate_key().decode())'"
    )
    if not keys:
        return [f"ENCRYPTION_KEYS is missing: {make}; keep it apart from the database's backups."]
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            return [f"ENCRYPTION_KEYS holds something that is no Fernet key: {make}."]
    return []
