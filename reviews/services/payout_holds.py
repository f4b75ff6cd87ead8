"""Orders payout holds and payouts: a hold is in force before a payout looks for it, or after its commit."""

from __future__ import annotations

from django.db import connection

# Advisory lock. Taken before the audit chain of the platform, which both sides lock last.
_HOLDS = 0x10661D


def lock_payout_holds() -> None:
    """Wait for batches that are being proposed, approved or exported. Taken by a new hold."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_HOLDS])


def keep_payout_holds() -> None:
    """Let no hold begin until the caller's transaction ends. Payouts call it before they look for holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_HOLDS])
