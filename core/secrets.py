"""Secrets at rest: sealed with the instance's keys and bound to where they belong."""

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
    """A sealed value does not open: changed, moved to another place, or sealed with a key that is gone."""

    status = 500


def seal(value: str, *, purpose: str, tenant: object, row: object) -> str:
    """Return ``value`` encrypted; it opens again only for the same purpose, tenant and row.

    Fernet knows no associated data, so the place is written inside and compared when opening.
    """
    inside = json.dumps([purpose, str(tenant), str(row), value], ensure_ascii=False)
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(inside.encode()).decode()


def unseal(sealed: str, *, purpose: str, tenant: object, row: object) -> str:
    """Return the value of a sealed text; raises SecretBroken when it does not belong here or was changed."""
    try:
        inside = json.loads(_fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(sealed.encode()))
    except (InvalidToken, ValueError) as error:
        raise _broken() from error
    if not isinstance(inside, list) or inside[:3] != [purpose, str(tenant), str(row)] or len(inside) != 4:
        raise _broken()
    return str(inside[3])


def rotate(sealed: str) -> str:
    """Return the same secret sealed with the newest key, without looking at it; raises SecretBroken."""
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
    """One place where sealed texts lie: ``rows`` yields (identifier, sealed), ``replace`` writes one back.

    ``replace(identifier, before, after)`` must write only while ``before`` still stands there.
    """

    name: str
    rows: Callable[[], Iterator[tuple[object, str]]]
    replace: Callable[[object, str, str], None]


_registry: dict[str, SealedField] = {}


def register_sealed_field(field: SealedField) -> None:
    """Make ``rotate_keys`` know a place; apps call this when they are ready."""
    _registry[field.name] = field


def sealed_fields() -> tuple[SealedField, ...]:
    return tuple(_registry[name] for name in sorted(_registry))
