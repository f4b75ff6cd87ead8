"""The embedded servers for the time of one command, such as `manage.py migrate`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from embedded.paths import get_default_paths
from embedded.postgres import EmbeddedPostgres
from embedded.redis import EmbeddedCache, EmbeddedRedis


@contextmanager
def embedded_servers(*, wanted: bool = True) -> Iterator[None]:
    """Run the embedded servers that no URL replaces; at the end of the block stop those that it started."""
    started: list[EmbeddedPostgres | EmbeddedRedis] = []
    paths = get_default_paths()
    try:
        if wanted and not os.environ.get("DATABASE_URL"):
            postgres = EmbeddedPostgres(paths)
            if not postgres.pid():
                started.append(postgres)
            postgres.start()
        if wanted and not os.environ.get("REDIS_URL"):
            kinds = [EmbeddedRedis] if os.environ.get("CACHE_URL") else [EmbeddedRedis, EmbeddedCache]
            for kind in kinds:
                redis = kind(paths)
                if not redis.pid():
                    started.append(redis)
                redis.start()
        yield
    finally:
        for server in reversed(started):
            server.stop()
