"""The cache backend: Django's Redis cache with one connection pool per process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from django.utils.functional import cached_property


class SharedRedisCache(RedisCache):
    """Shares connections: under ASGI Django creates a cache object, and so a connection, for each request.

    Opening one costs two to four milliseconds, more than a page's queries. Connection pools are safe to
    share between threads, and reopen after a fork.
    """

    @cached_property
    def _cache(self) -> _Client:
        # Private names of the parent, which the stubs leave out.
        servers, options = self._servers, self._options  # type: ignore[attr-defined]
        return _client(tuple(servers), tuple(sorted(options.items())))


class _Client(RedisCacheClient):
    """Also reuses the client of each pool: creating one costs as much as a command."""

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]  # not in the stubs
        client = self._clients.get(pool)
        if client is None:
            client = self._clients[pool] = super().get_client(key, write=write)
        return client

    @cached_property
    def _clients(self) -> dict[Any, Any]:
        return {}


@lru_cache(maxsize=8)
def _client(servers: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> _Client:
    return _Client(list(servers), **dict(options))
