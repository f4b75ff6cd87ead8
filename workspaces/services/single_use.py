"""Codes and links that work once, also when they are sent several times at the same moment."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import connection

from workspaces.models import UsedToken

# Longer than any code or link lives.
KEPT = timedelta(days=30)


def use_once(purpose: str, token: str, *, at: datetime) -> bool:
    """Mark the token as used in the caller's transaction; False when it was used before.

    A parallel transaction with the same token waits for this one, and sees that it was used when this one
    commits. Only a hash is stored.
    """
    digest = hashlib.sha256(f"{purpose} {token}".encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workspaces_usedtoken (digest, used_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [digest, at],
        )
        return cursor.rowcount == 1


def forget_used_tokens(*, at: datetime) -> int:
    """Delete marks of tokens that expired long ago; return how many."""
    return UsedToken.objects.filter(used_at__lt=at - KEPT).delete()[0]
