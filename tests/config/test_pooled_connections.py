"""Recently used pooled connections skip the health query; all others are queried before use."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool, PoolTimeout
from structlog.testing import capture_logs

from config.postgres.base import HEALTH_CHECK_AFTER_SECONDS, _can_skip_health_query
from config.postgres.refusals import tell_why_no_connection

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


def test_the_log_says_whether_postgresql_refused_or_the_pool_was_empty() -> None:
    given = connection.settings_dict
    options = {"host": given["HOST"], "port": given["PORT"] or None, "dbname": given["NAME"]}
    right = {"user": given["USER"], "password": given["PASSWORD"]}

    def wait_for_one(**who: object) -> list[dict[str, object]]:
        with ConnectionPool(kwargs=options | who, min_size=1, max_size=1, timeout=1, open=True) as pool:
            held = pool.getconn() if who == right else None
            with pytest.raises(PoolTimeout):
                pool.getconn(timeout=1)
            with capture_logs() as logs:
                tell_why_no_connection(pool)
                tell_why_no_connection(pool)
            if held:
                pool.putconn(held)
        return [dict(line) for line in logs]

    exhausted = wait_for_one(**right)
    refused = wait_for_one(user="nobody_of_this_name", password="a-secret-word")

    assert [line["event"] for line in exhausted] == ["database_pool_exhausted"] * 2
    # Once for each while, whoever asks.
    assert [line["event"] for line in refused] == ["database_refused"]
    assert "nobody_of_this_name" in str(refused[0]["reason"])
    assert "a-secret-word" not in str(refused)
