"""Health, metrics and the headers that every answer carries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from embedded.redis import EmbeddedRedis
from gpts.llm.runtime import builtin_embeddings


def test_healthz_is_public(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_reports_database_and_redis(client: Client) -> None:
    answer = client.get("/readyz")
    parts = {"database": True, "redis": True, "cache": True, "semantic_search": "available"}
    assert (answer.status_code, answer.json()) == (200, parts)


@pytest.mark.django_db
def test_readyz_names_a_missing_embeddings_model_and_stays_ready(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtin_embeddings, "is_available", lambda: False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["semantic_search"]) == (200, "missing")

    settings.SEMANTIC_SEARCH = False
    assert client.get("/readyz").json()["semantic_search"] == "off"


@pytest.mark.django_db
def test_readyz_is_503_without_redis(client: Client, settings: Any, tmp_path: object) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"database": True, "redis": False, "cache": True, "semantic_search": "available"},
    )


@pytest.mark.django_db
def test_metrics_answer_this_machine(client: Client) -> None:
    import redis

    with redis.Redis.from_url(settings.REDIS_URL) as store:
        store.rpush("celery", "a job", "another")
        store.set("turn:running:1", "x")
    answer = client.get("/metrics")
    figures = dict(re.findall(r"^(\w+) (\d+)$", answer.content.decode(), re.MULTILINE))
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert figures == {
        "loggia_up": "1",
        "loggia_database_up": "1",
        "loggia_redis_up": "1",
        "loggia_queue_length": "2",
        "loggia_running_turns": "1",
    }
    queues = re.findall(r'^loggia_queue_jobs\{queue="(\w+)"\} (\d+)$', answer.content.decode(), re.MULTILINE)
    assert queues == [
        ("celery", "2"),
        ("mail", "0"),
        ("money", "0"),
        ("files", "0"),
        ("outbound", "0"),
        ("search", "0"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "who",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer wrong"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer "},
    ],
)
def test_metrics_are_404_for_others(client: Client, who: dict[str, str]) -> None:
    assert client.get("/metrics", **who).status_code == 404  # type: ignore[arg-type]  # WSGI variables


@pytest.mark.django_db
def test_metrics_answer_the_token(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "a token"
    answer = client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers={"Authorization": "Bearer a token"})
    assert answer.status_code == 200


def test_the_content_security_policy_is_strict(client: Client) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    directives = {name: value for name, _, value in (part.partition(" ") for part in policy.split("; "))}
    assert directives["default-src"] == directives["object-src"] == directives["base-uri"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"(^|\s)\*", policy)


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("unix:///run/x/redis.sock?db=3", "redis+socket:///run/x/redis.sock?virtual_host=3"),
        ("redis://:word@cache:6379/1", "redis://:word@cache:6379/1"),
        ("rediss://cache:6380/0", "rediss://cache:6380/0"),
    ],
)
def test_the_queue_uses_the_same_redis(url: str, broker: str) -> None:
    assert EmbeddedRedis.broker_url(url) == broker
