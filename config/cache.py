"""The cache: Django's Redis backend with one set of connections a process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from django.utils.functional import cached_property


class SharedRedisCache(RedisCache):
    """Django makes a cache object for each request under ASGI, and each would open a connection of its own.

    Opening one costs two to four milliseconds, more than a page's queries. Connection pools are safe to
    share between threads, and after a fork they open anew.
    """

    @cached_property
    def _cache(self) -> RedisCacheClient:
        return _client(tuple(self._servers), tuple(sorted(self._options.items())))


@lru_cache(maxsize=8)
def _client(servers: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> RedisCacheClient:
    return RedisCacheClient(list(servers), **dict(options))
