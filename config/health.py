"""/healthz: the process answers. /readyz: so do the database and Redis.

The views are async, which keeps them out of the scope's transaction: they answer when the database does not.
"""

from __future__ import annotations

import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse


async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


async def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 503 as long as a part that every page needs is missing."""
    parts = {
        "database": await sync_to_async(database_answers)(),
        "redis": await sync_to_async(redis_answers, thread_sensitive=False)(),
    }
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return True
    except DatabaseError:
        return False


def redis_answers() -> bool:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
