"""Recently used pooled connections skip the health query; all others are queried before use."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from config.postgres.base import HEALTH_CHECK_AFTER_SECONDS, _can_skip_health_query

pytestmark = pytest.mark.django_db


@pytest.fixture
def pooled() -> Iterator[psycopg.Connection]:
    given = connection.settings_dict
    other = psycopg.connect(
        dbname=given["NAME"],
        user=given["USER"],
        password=given["PASSWORD"],
        host=given["HOST"],
        port=given["PORT"] or None,
        autocommit=True,
    )
    yield other
    other.close()


def _used(pooled: psycopg.Connection, ago: float) -> psycopg.Connection:
    pooled.loggia_used_at = time.monotonic() - ago  # type: ignore[attr-defined]  # as the backend notes it
    return pooled


def test_a_recently_used_connection_skips_the_query(pooled: psycopg.Connection) -> None:
    assert _can_skip_health_query(_used(pooled, 0.1))


def test_an_unused_or_idle_connection_is_queried(pooled: psycopg.Connection) -> None:
    assert not _can_skip_health_query(pooled)
    assert not _can_skip_health_query(_used(pooled, HEALTH_CHECK_AFTER_SECONDS + 1))


def test_a_connection_closed_by_the_server_is_queried(pooled: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pooled.info.backend_pid])

    assert not _can_skip_health_query(_used(pooled, 0.1))
