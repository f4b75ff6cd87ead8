"""Counts tries in Redis: the limits on guessing and on what sends mail.

A window begins with the first try. Windows by the clock would let twice as many pass around each full minute
or hour, and would tell the same person to wait now for a second and now for an hour.
"""

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
    """At most ``count`` tries in the ``seconds`` from the first one on; ``name`` separates the counters."""

    name: str
    count: int
    seconds: int


def count_try(limit: Limit, key: object, *, at: datetime) -> int:
    """Count one try and return how many there were in the window, this one included.

    The counter is raised before the caller acts, so parallel tries cannot pass the limit together.
    """
    counter = _build_counter(limit, key, _open_window(limit, key, at))
    cache.add(counter, 0, limit.seconds)
    try:
        return int(cache.incr(counter))
    except ValueError:  # the window ended between the two calls
        cache.set(counter, 1, limit.seconds)
        return 1


def find_spent(limit: Limit, keys: Iterable[str], *, at: datetime) -> set[str]:
    """Return those of the keys that have no try left in the window; counts nothing."""
    ordered = list(keys)
    spent = set()
    for start in range(0, len(ordered), _READ_AT_ONCE):
        windows = {_build_window(limit, key): key for key in ordered[start : start + _READ_AT_ONCE]}
        counters = {
            _build_counter(limit, windows[window], begin): windows[window]
            for window, begin in cache.get_many(windows).items()
            if _is_open(limit, begin, at)
        }
        counts = cache.get_many(counters)
        spent |= {counters[counter] for counter, count in counts.items() if int(count) >= limit.count}
    return spent


def take_back_try(limit: Limit, key: object, *, at: datetime) -> None:
    """Remove a try that turned out not to count, such as a correct password."""
    begin = _find_window(limit, key, at)
    if begin is not None:
        with suppress(ValueError):  # the window has ended
            cache.decr(_build_counter(limit, key, begin))


def forget_tries(limit: Limit, key: object, *, at: datetime) -> None:
    begin = _find_window(limit, key, at)
    if begin is not None:
        cache.delete(_build_counter(limit, key, begin))


def require_within(limit: Limit, key: object, *, at: datetime, message: object = None) -> None:
    """Count one try; raise RateLimited when it is one too many."""
    if count_try(limit, key, at=at) > limit.count:
        raise build_refusal(limit, key, at=at, message=message)


def build_refusal(limit: Limit, key: object, *, at: datetime, message: object = None) -> RateLimited:
    begin = _find_window(limit, key, at)
    end = limit.seconds + (int(at.timestamp()) if begin is None else begin)
    return RateLimited(
        message or _("Too many tries. Wait a little, then try again."),
        code="too_many_tries",
        data={"retry_after": max(end - int(at.timestamp()), 1), "limit": limit.name},
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


def _build_window(limit: Limit, key: object) -> str:
    return f"tries:{limit.name}:{hash_key(key)}"


def _build_counter(limit: Limit, key: object, begin: int) -> str:
    return f"{_build_window(limit, key)}:{begin}"


def _is_open(limit: Limit, begin: int | None, at: datetime) -> bool:
    return begin is not None and at.timestamp() < begin + limit.seconds


def _find_window(limit: Limit, key: object, at: datetime) -> int | None:
    """Return the second in which the open window began; None without one."""
    begin = cache.get(_build_window(limit, key))
    return begin if _is_open(limit, begin, at) else None


def _open_window(limit: Limit, key: object, at: datetime) -> int:
    """Return the second in which the window began: this one, if none is open."""
    now, name = int(at.timestamp()), _build_window(limit, key)
    begin = _find_window(limit, key, at)
    if begin is None and not cache.add(name, now, limit.seconds):
        begin = _find_window(limit, key, at)  # a parallel try's, or one about to be forgotten
        if begin is None:
            cache.set(name, now, limit.seconds)
    return now if begin is None else begin
