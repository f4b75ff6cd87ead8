"""/healthz: the process answers. /readyz: the database, Redis and the cache answer too.

The views are async and so run outside the request's transaction: they answer without a database.
"""

from __future__ import annotations

import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from core.connections import is_visitor_request
from gpts.llm.embeddings import get_builtin_state


async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


async def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database, Redis or the cache does not answer.

    ``semantic_search`` says whether the built-in embeddings model is there: available, missing or off.
    Without it words are searched, so it makes nothing unready.
    """
    parts: dict[str, bool] = {
        "database": await sync_to_async(is_database_up)(),
        "redis": await sync_to_async(is_redis_up, thread_sensitive=False)(settings.REDIS_URL),
        "cache": await sync_to_async(is_redis_up, thread_sensitive=False)(settings.CACHE_URL),
    }
    answer = parts | {"semantic_search": get_builtin_state().value}
    return JsonResponse(answer, status=200 if all(parts.values()) else 503)


def is_database_up() -> bool:
    # A busy instance is still alive: the check has a connection while those of signed-in people are taken.
    is_visitor_request.set(True)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return True
    except DatabaseError:
        return False


def is_redis_up(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
