"""The real services of the test run: their roles, their database, and what tests leave behind."""

from __future__ import annotations

import json
import urllib.request

import pytest
from django.core.cache import cache
from django.db import connection

from tests.support.services import WebService, WorkerService


def one(query: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        return row and row[0]


@pytest.mark.parametrize("round_number", [1, 2])
def test_the_web_service_reaches_database_and_redis_as_app(server: WebService, round_number: int) -> None:
    with urllib.request.urlopen(f"{server.url}/readyz", timeout=10) as answer:
        assert json.load(answer) == {
            "database": True,
            "redis": True,
            "cache": True,
            "semantic_search": "available",
        }
    assert one(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'loggia_app' AND datname = current_database()"
    )


def test_the_worker_answers(worker: WorkerService) -> None:
    from config.celery import app

    with app.connection_for_write() as channel:
        assert [
            list(reply.values()) for reply in app.control.ping(timeout=5, limit=1, connection=channel)
        ] == [[{"ok": "pong"}]]


@pytest.mark.parametrize("round_number", [1, 2])
def test_a_commit_does_not_reach_the_next_test(transactional_db: None, round_number: int) -> None:
    assert one("SELECT to_regclass('left_behind')") is None
    assert one("SELECT count(*) FROM django_session") == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('left', '', now())"
        )


@pytest.mark.parametrize("round_number", [1, 2])
def test_redis_is_empty_in_every_test(round_number: int) -> None:
    assert cache.get("left") is None
    cache.set("left", 1)
