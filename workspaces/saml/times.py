"""Moments as SAML writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def read_time(text: str) -> datetime:
    """Return an xs:dateTime in UTC; SAML's have no other zone. Raises ValueError."""
    found = datetime.fromisoformat(text.strip())
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error
