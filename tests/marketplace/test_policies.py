"""Row-level policies leave the plans of the store's searches as they are."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from core.scope import NOBODY, open_scope, public_reader
from tests.support.servers import servers

pytestmark = pytest.mark.django_db

PLAN = (
    "EXPLAIN (COSTS OFF) SELECT id FROM marketplace_listing"
    " WHERE state = 'listed' AND search @@ 'walk'::tsquery"
)


def test_visitors_search_with_the_plan_of_a_table_without_policies() -> None:
    """With a condition that is no constant, PostgreSQL would check it for every listing first."""
    with open_scope(NOBODY), public_reader(), connection.cursor() as cursor:
        cursor.execute(PLAN)
        plan = cursor.fetchall()
    with psycopg.connect(**servers.postgres.superuser() | {"dbname": settings.DATABASE_NAME}) as superuser:
        assert plan == superuser.execute(PLAN).fetchall()  # who bypasses row-level security
    assert "loggia_" not in str(plan)
