"""Fixed moments of tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
# A moment within the month that tests of payouts close.
MARCH = NOW
