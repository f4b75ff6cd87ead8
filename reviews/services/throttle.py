"""How often somebody may report: 20 a day and 5 a minute, for each person and each network address."""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from core.errors import RateLimited

LIMITS = ((5, 60), (20, 86_400))


def count_report(reporter: Any | None, address: str) -> str:
    """Count one attempt and return the keyed hash of the address; RateLimited when there were too many.

    Windows start with the first attempt. The counters are in Redis and hold no address in clear.
    """
    address_hash = hash_address(address) if address else ""
    whos = [f"user:{reporter.pk}"] if reporter is not None else []
    if address_hash:
        whos.append(f"address:{address_hash}")
    for who in whos:
        for limit, seconds in LIMITS:
            _count(f"reviews:reports:{seconds}:{who}", limit, seconds)
    return address_hash


def hash_address(address: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"report {address}".encode(), "sha256").hexdigest()


def _count(key: str, limit: int, seconds: int) -> None:
    cache.add(key, 0, seconds)
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two
        cache.set(key, 1, seconds)
        return
    if count > limit:
        raise RateLimited(
            _("You have sent many reports. Wait a little, then send this one again."),
            code="too_many_reports",
            data={"retry_after": seconds},
        )
