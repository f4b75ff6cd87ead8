"""Row-level policies leave the plans of the store's searches as they are."""

from __future__ import annotations

import pytest
from django.db import connection

from core.scope import NOBODY, open_scope, public_reader

pytestmark = pytest.mark.django_db


def test_visitors_search_by_the_index_of_words() -> None:
    """With a condition that is no constant, PostgreSQL would check it for every listing first."""
    with open_scope(NOBODY), public_reader(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN (COSTS OFF) SELECT id FROM marketplace_listing"
            " WHERE state = 'listed' AND search @@ 'walk'::tsquery"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "marketplace_listing_search" in plan
    assert "loggia_" not in plan
