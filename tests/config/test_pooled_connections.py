"""A pooled connection that was used a moment ago is looked at before use; all others are asked."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from config.postgres.base import FRESH_SECONDS, _is_fresh

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


def test_a_connection_used_a_moment_ago_is_fresh(pooled: psycopg.Connection) -> None:
    assert _is_fresh(_used(pooled, 0.1))


def test_one_that_was_never_used_or_long_ago_is_not(pooled: psycopg.Connection) -> None:
    assert not _is_fresh(pooled)
    assert not _is_fresh(_used(pooled, FRESH_SECONDS + 1))


def test_one_whose_server_hung_up_is_not(pooled: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pooled.info.backend_pid])

    assert not _is_fresh(_used(pooled, 0.1))
