"""Rate limit of reports: 20 a day and 5 a minute, for each person and each network address."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from core.errors import RateLimited
from workspaces.models import User

# (reports, seconds)
LIMITS = ((5, 60), (20, 86_400))


def throttle_report(reporter: User | None, address: str) -> str:
    """Count one report and return the keyed hash of the address; RateLimited when there were too many.

    Fixed windows that start with the first report. The counters in Redis hold no address in clear.
    """
    address_hash = hash_address(address) if address else ""
    keys = [f"user:{reporter.pk}"] if reporter is not None else []
    if address_hash:
        keys.append(f"address:{address_hash}")
    for key in keys:
        for limit, seconds in LIMITS:
            _count(f"reviews:reports:{seconds}:{key}", limit, seconds)
    return address_hash


def hash_address(address: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"report {address}".encode(), "sha256").hexdigest()


def _count(key: str, limit: int, seconds: int) -> None:
    cache.add(key, 0, seconds)
    try:
        count = cache.incr(key)
    except ValueError:  # the key expired between add and incr
        cache.set(key, 1, seconds)
        return
    if count > limit:
        raise RateLimited(
            _("You have sent many reports. Wait a little, then send this one again."),
            code="too_many_reports",
            data={"retry_after": seconds},
        )
