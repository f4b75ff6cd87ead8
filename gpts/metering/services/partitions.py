"""Months of usage events that have a partition to be written to."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

# An event of a month without a partition is refused, so that there are always some years in advance.
MONTHS_AHEAD = 36


def add_partitions(*, at: datetime) -> int:
    """Add the partitions of this month and of MONTHS_AHEAD after it that are missing; returns how many.

    Running it twice adds nothing the second time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT loggia_add_usage_partitions(%s, %s)", [at.date(), MONTHS_AHEAD + 1])
        row = cursor.fetchone()
    return int(row[0])
