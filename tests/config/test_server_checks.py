"""An operator learns of a database with known vulnerabilities and of Redis servers that lose or hoard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.checks import run_checks
from django.db import connection
from django.test import Client

from config import server_checks
from config.postgres_versions import KNOWN_GOOD_MINORS, format_version, get_version_problem
from config.server_checks import check_cache, check_database, check_queue, is_same_server
from embedded.paths import DataPaths
from embedded.redis import EmbeddedCache, EmbeddedRedis
from tests.support.factories.workspaces import UserFactory
from tests.support.people import create_person


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (150018, "upgrade to PostgreSQL 16 or newer"),
        (160000, "install 16.14 or newer"),
        (160013, "install 16.14 or newer"),
        (160014, ""),
        (170009, "install 17.10 or newer"),
        (170010, ""),
        (180003, "install 18.4 or newer"),
        (180004, ""),
        (180012, ""),
        (190000, ""),
    ],
)
def test_versions_below_the_known_good_minor_are_named(number: int, words: str) -> None:
    problem = str(get_version_problem(number))

    assert words in problem
    assert bool(problem) == bool(words)


def test_a_version_reads_as_postgresql_writes_it() -> None:
    assert [format_version(number) for number in (160014, 170010, 180004)] == ["16.14", "17.10", "18.4"]


@pytest.mark.django_db
def test_the_embedded_database_is_good_enough() -> None:
    state = check_database()

    assert (state.problem, state.is_reachable) == ("", True)
    assert state.value == format_version(connection.connection.info.server_version)


@pytest.fixture
def newer_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    for major in KNOWN_GOOD_MINORS:
        monkeypatch.setitem(KNOWN_GOOD_MINORS, major, 99)


@pytest.mark.django_db
def test_an_old_minor_is_in_the_deploy_check_and_on_the_page(newer_minimum: None) -> None:
    (message,) = (found for found in run_checks(include_deployment_checks=True) if found.id == "loggia.W001")
    client = Client()
    client.force_login(create_person("Olga", "operator"))

    page = client.get("/operator/health").content.decode()

    assert "has known vulnerabilities: install 18.99 or newer" in str(message.msg)
    assert "has known vulnerabilities: install 18.99 or newer" in page


@pytest.mark.django_db
def test_the_page_is_for_operators_and_shows_every_server(client: Client) -> None:
    assert client.get("/operator/health").status_code == 404
    client.force_login(UserFactory.create())
    assert client.get("/operator/health").status_code == 404
    client.force_login(create_person("Olga", "operator"))
    page = client.get("/operator/health").content.decode()

    assert check_database().value in page
    for text in (
        "PostgreSQL",
        "Queue and streams (Redis)",
        "Cache (Redis)",
        "noeviction",
        "http://localhost:8000",
    ):
        assert text in page
    assert 'href="/operator/health"' in page


@pytest.mark.django_db
def test_servers_that_do_not_answer_are_mentioned_and_fail_nothing(settings: Any, tmp_path: Path) -> None:
    settings.REDIS_URL = settings.CACHE_URL = f"unix://{tmp_path}/nobody.sock"

    found = {message.id for message in server_checks.check_servers(None) if "PostgreSQL" not in message.msg}

    assert found == {"loggia.I001"}


# Redis -------------------------------------------------------------------------------------------------


@pytest.fixture
def stores(tmp_path: Path, settings: Any) -> Iterator[tuple[EmbeddedRedis, EmbeddedCache]]:
    """The two servers as script/server starts them."""
    paths = DataPaths(tmp_path / "data")
    queue, cache = EmbeddedRedis(paths), EmbeddedCache(paths)
    try:
        queue.start()
        cache.start()
        settings.REDIS_URL, settings.CACHE_URL = queue.url(), cache.url()
        yield queue, cache
    finally:
        cache.stop()
        queue.stop()


def fill(client: redis.Redis) -> None:
    for number in range(100):
        client.set(f"turn:events:{number}", b"x" * 200_000)


def configure(server: EmbeddedRedis, **values: str) -> None:
    with redis.Redis.from_url(server.url()) as client:
        for name, value in values.items():
            client.config_set(name.replace("_", "-"), value)


def test_the_embedded_servers_are_in_order(stores: tuple[EmbeddedRedis, EmbeddedCache]) -> None:
    queue, cache = stores

    assert (check_queue().problem, check_cache().problem) == ("", "")
    configure(queue, maxmemory_policy="allkeys-lru")
    configure(cache, maxmemory="0")
    assert "noeviction" in str(check_queue().problem)
    assert "set maxmemory" in str(check_cache().problem)
    configure(cache, maxmemory="1mb", maxmemory_policy="noeviction")
    assert "allkeys-lru" in str(check_cache().problem)


def test_a_flood_of_the_cache_leaves_the_queue_alone(stores: tuple[EmbeddedRedis, EmbeddedCache]) -> None:
    queue, cache = stores
    configure(cache, maxmemory="20mb")
    with redis.Redis.from_url(queue.url()) as jobs, redis.Redis.from_url(cache.url()) as pages:
        jobs.rpush("celery", "a job")
        before = jobs.info("memory")["used_memory"]
        for number in range(400):
            pages.set(f"store:public:{number}", b"x" * 200_000, ex=300)

        assert pages.info("memory")["used_memory"] < 24_000_000
        assert pages.info("stats")["evicted_keys"] > 100
        assert pages.set("still", "writable")
        assert jobs.lrange("celery", 0, -1) == [b"a job"]
        assert jobs.info("memory")["used_memory"] - before < 1_000_000


def test_a_full_queue_refuses_and_keeps_its_jobs(stores: tuple[EmbeddedRedis, EmbeddedCache]) -> None:
    queue, _cache = stores
    configure(queue, maxmemory="5mb")
    with redis.Redis.from_url(queue.url()) as jobs:
        jobs.rpush("celery", "a job")
        with pytest.raises(redis.OutOfMemoryError):
            fill(jobs)
        assert jobs.lrange("celery", 0, -1) == [b"a job"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("redis://redis:6379/0", "redis://redis:6379/1", True),
        ("redis://redis/0", "redis://:word@redis:6379/1", True),
        ("redis://redis:6379/0", "redis://cache:6379/0", False),
        ("redis://redis:6379/0", "redis://redis:6380/0", False),
        ("unix:///run/a.sock?db=0", "unix:///run/a.sock?db=1", True),
        ("unix:///run/a.sock?db=0", "unix:///run/b.sock?db=0", False),
        ("unix:///run/a.sock?db=0", "redis://redis/0", False),
    ],
)
def test_two_addresses_of_one_server_are_one(first: str, second: str, expected: bool) -> None:
    assert is_same_server(first, second) is expected
