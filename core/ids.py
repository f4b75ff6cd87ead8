"""UUID version 7 (RFC 9562): identifiers that contain their time and sort by it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from uuid import UUID

_MILLISECOND_BITS = 80


def uuid7(at: datetime | None = None) -> UUID:
    """Return a new UUIDv7 for the time ``at`` (default: now), with 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000 if at is None else int(at.timestamp() * 1000)
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << _MILLISECOND_BITS | random
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)


def uuid7_time(identifier: UUID) -> datetime:
    """Return the UTC time, to the millisecond, of a UUIDv7."""
    milliseconds = identifier.int >> _MILLISECOND_BITS
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)
