"""Counts tries in Redis, in fixed windows: the limits on guessing and on what sends mail."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.errors import RateLimited

_READ_AT_ONCE = 1_000


@dataclass(frozen=True)
class Limit:
    """At most ``count`` tries in each window of ``seconds``; ``name`` separates the counters."""

    name: str
    count: int
    seconds: int


def count_try(limit: Limit, key: object, *, at: datetime) -> int:
    """Count one try and return how many there were in the window, this one included.

    The counter is raised before the caller acts, so parallel tries cannot pass the limit together.
    """
    name = _counter(limit, key, at)
    cache.add(name, 0, limit.seconds)
    try:
        return int(cache.incr(name))
    except ValueError:  # the window ended between the two calls
        cache.set(name, 1, limit.seconds)
        return 1


def find_spent(limit: Limit, keys: Iterable[str], *, at: datetime) -> set[str]:
    """Return those of the keys that have no try left in the window; counts nothing."""
    names = {_counter(limit, key, at): key for key in keys}
    ordered = list(names)
    spent = set()
    for start in range(0, len(ordered), _READ_AT_ONCE):
        counts = cache.get_many(ordered[start : start + _READ_AT_ONCE])
        spent |= {names[name] for name, count in counts.items() if int(count) >= limit.count}
    return spent


def take_back_try(limit: Limit, key: object, *, at: datetime) -> None:
    """Remove a try that turned out not to count, such as a correct password."""
    with suppress(ValueError):  # the window has ended
        cache.decr(_counter(limit, key, at))


def forget_tries(limit: Limit, key: object, *, at: datetime) -> None:
    cache.delete(_counter(limit, key, at))


def require_within(limit: Limit, key: object, *, at: datetime, message: object = None) -> None:
    """Count one try; raise RateLimited when it is one too many."""
    if count_try(limit, key, at=at) > limit.count:
        raise build_refusal(limit, at=at, message=message)


def build_refusal(limit: Limit, *, at: datetime, message: object = None) -> RateLimited:
    seconds = limit.seconds - int(at.timestamp()) % limit.seconds
    return RateLimited(
        message or _("Too many tries. Wait a little, then try again."),
        code="too_many_tries",
        data={"retry_after": max(seconds, 1), "limit": limit.name},
    )


def pass_slowly(name: str, key: object, *, seconds: int) -> bool:
    """Return True for the first caller in each ``seconds``, False for the others."""
    return bool(cache.add(f"slow:{name}:{hash_key(key)}", 1, seconds))


def remember(name: str, key: object, *, seconds: int) -> None:
    cache.set(f"known:{name}:{hash_key(key)}", 1, seconds)


def is_remembered(name: str, key: object) -> bool:
    return cache.get(f"known:{name}:{hash_key(key)}") is not None


def hash_key(key: object) -> str:
    """Return a keyed hash, so that no address and no e-mail address lies in Redis."""
    return salted_hmac("core.rate_limits", str(key), algorithm="sha256").hexdigest()[:32]


def _counter(limit: Limit, key: object, at: datetime) -> str:
    return f"tries:{limit.name}:{hash_key(key)}:{int(at.timestamp()) // limit.seconds}"
