"""Secrets at rest: encrypted with the instance's keys and bound to one row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError


class SecretBroken(DomainError):
    """A value cannot be decrypted: it was changed, copied from another row, or its key is missing."""

    status = 500


def seal(value: str, *, purpose: str, tenant: object, row: object) -> str:
    """Return ``value`` encrypted; it can be decrypted for the same purpose, tenant and row only.

    Fernet has no associated data, so these are encrypted with the value and compared when decrypting.
    """
    inside = json.dumps([purpose, str(tenant), str(row), value], ensure_ascii=False)
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(inside.encode()).decode()


def unseal(sealed: str, *, purpose: str, tenant: object, row: object) -> str:
    """Return the decrypted value; raises SecretBroken when it was changed or belongs to another row."""
    try:
        inside = json.loads(_fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(sealed.encode()))
    except (InvalidToken, ValueError) as error:
        raise _broken() from error
    if not isinstance(inside, list) or inside[:3] != [purpose, str(tenant), str(row)] or len(inside) != 4:
        raise _broken()
    return str(inside[3])


def rotate(sealed: str) -> str:
    """Return the secret encrypted again with the newest key; raises SecretBroken."""
    try:
        return _fernet(tuple(settings.ENCRYPTION_KEYS)).rotate(sealed.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise _broken() from error


def _broken() -> SecretBroken:
    return SecretBroken(
        _("A stored secret cannot be opened. Enter it again, or ask the operator to restore the key."),
        code="secret_broken",
    )


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


# Rotation ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SealedField:
    """A database column of encrypted values: ``rows`` yields (identifier, sealed), ``replace`` updates one.

    ``replace(identifier, before, after)`` must not write when the stored value is no longer ``before``.
    """

    name: str
    rows: Callable[[], Iterator[tuple[object, str]]]
    replace: Callable[[object, str, str], None]


_registry: dict[str, SealedField] = {}


def register_sealed_field(field: SealedField) -> None:
    """Register a column for the command ``rotate_keys``; apps call this in AppConfig.ready."""
    _registry[field.name] = field


def sealed_fields() -> tuple[SealedField, ...]:
    return tuple(_registry[name] for name in sorted(_registry))
