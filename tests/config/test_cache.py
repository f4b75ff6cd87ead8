"""The cache reuses its connections across requests."""

from __future__ import annotations

import contextvars

import redis
from django.conf import settings
from django.core.cache import caches


def test_requests_share_the_connections_of_their_process() -> None:
    store = redis.Redis.from_url(settings.REDIS_URL)

    def ask() -> None:
        caches["default"].set("shared", "yes")
        assert caches["default"].get("shared") == "yes"

    contextvars.copy_context().run(ask)
    before = store.info("stats")["total_connections_received"]
    # A request under ASGI has a context of its own, in which Django makes its caches anew.
    requests = [contextvars.Context() for _request in range(10)]
    for request in requests:
        request.run(ask)

    assert len({request.run(lambda: id(caches["default"])) for request in requests}) == 10
    assert store.info("stats")["total_connections_received"] == before
