"""Limits how much a person does at the same time: slots in Redis, each held by a lease.

A slot whose holder gives no sign of life is free again, so that no lost process keeps one.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from core.errors import RateLimited
from core.rate_limits import hash_key


@dataclass(frozen=True)
class Slots:
    """At most ``count`` at once for each key, with leases of ``seconds``; ``name`` separates the kinds."""

    name: str
    count: int
    seconds: int


@dataclass(frozen=True)
class HeldSlot:
    key: str
    token: str
    seconds: int

    def renew(self) -> None:
        """Extend the lease. One that ended, or was evicted, is taken again unless somebody else has it."""
        holder = cache.get(self.key)
        if holder is None:
            cache.add(self.key, self.token, self.seconds)
        elif holder == self.token:
            cache.touch(self.key, self.seconds)

    def release(self) -> None:
        """Free the slot, unless somebody else has it by now. Idempotent."""
        if cache.get(self.key) == self.token:
            cache.delete(self.key)


def claim_slot(slots: Slots, key: object, *, message: object = None) -> HeldSlot:
    """Return a free slot of ``key``; raises RateLimited (``too_many_at_once``) when all are held."""
    for number in range(slots.count):
        held = HeldSlot(f"slot:{slots.name}:{hash_key(key)}:{number}", uuid4().hex, slots.seconds)
        if cache.add(held.key, held.token, held.seconds):
            return held
    raise RateLimited(
        message or _("You do this several times at once already. Wait until one of them has ended."),
        code="too_many_at_once",
        data={"retry_after": 30, "limit": slots.name},
    )
