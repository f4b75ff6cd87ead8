"""The embedded servers: a real PostgreSQL and a real Redis when no URL names others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from embedded.paths import get_default_paths


@contextmanager
def embedded_servers(*, wanted: bool = True) -> Iterator[None]:
    """Have the servers that no URL replaces run for the block; stop at its end those that it started."""
    from embedded.postgres import EmbeddedPostgres
    from embedded.redis import EmbeddedRedis

    started: list[EmbeddedPostgres | EmbeddedRedis] = []
    paths = get_default_paths()
    try:
        if wanted and not os.environ.get("DATABASE_URL"):
            postgres = EmbeddedPostgres(paths)
            if not postgres.pid():
                started.append(postgres)
            postgres.start()
        if wanted and not os.environ.get("REDIS_URL"):
            redis = EmbeddedRedis(paths)
            if not redis.pid():
                started.append(redis)
            redis.start()
        yield
    finally:
        for server in reversed(started):
            server.stop()
