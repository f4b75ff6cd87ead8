"""Redis state of running turns: keys, clients, heartbeats, stop requests, and the message rate limit."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import RateLimited
from core.instance_settings import get_setting

STOPS = "turn:stops"
STOP_SECONDS = 600
# Expiry of the heartbeat, which the process of a running turn renews every few seconds.
ALIVE_SECONDS = 20
RATE_WINDOW = 60
KEY_SECONDS = 600

_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = weakref.WeakKeyDictionary()


def build_events_key(turn: UUID | str) -> str:
    return f"turn:events:{turn}"


def build_running_key(turn: UUID | str) -> str:
    return f"turn:running:{turn}"


def build_request_key(user_id: int, scope: str, key: str) -> str:
    return f"chat:key:{user_id}:{scope}:{key[:64]}"


def build_stop_key(turn: UUID | str) -> str:
    return f"turn:stop:{turn}"


def get_async_redis() -> Any:
    """Return the running event loop's client, because connections belong to one loop."""
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = _clients[loop] = redis.asyncio.from_url(
            settings.REDIS_URL, decode_responses=True, socket_connect_timeout=3, max_connections=500
        )
    return client


async def close_async_redis() -> None:
    """Close the connections of the running event loop."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()


@lru_cache(maxsize=1)
def get_sync_redis() -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_timeout=3, socket_connect_timeout=3
    )


def check_message(user_id: int, key: str, *, scope: str = "", count_recent: Callable[[], int]) -> bool:
    """Count a person's message and return whether its request key may have been seen before.

    ``scope`` says what the key belongs to: the workspace and the GPT, as the same key elsewhere is another
    request. Raises RateLimited above the instance's limit per minute. While Redis is down every key counts
    as seen, so that the caller looks in the database, and ``count_recent`` counts the messages of the last
    minute there.
    """
    rate = f"chat:rate:{user_id}"
    try:
        with get_sync_redis().pipeline(transaction=False) as pipe:
            pipe.set(rate, 0, ex=RATE_WINDOW, nx=True).incr(rate).ttl(rate)
            if key:
                pipe.set(build_request_key(user_id, scope, key), "1", nx=True, ex=KEY_SECONDS)
            _set, count, left, *is_new = pipe.execute()
    except (redis.ConnectionError, redis.TimeoutError):
        count, left, is_new = count_recent() + 1, RATE_WINDOW, [False]
    if count > get_setting("chat_turns_per_minute"):
        raise RateLimited(
            _("That was too many messages in a minute. Wait a moment."),
            code="chat_rate",
            data={"retry_after": max(int(left), 1), "limit": get_setting("chat_turns_per_minute")},
        )
    return bool(key) and not is_new[0]


def ask_to_stop(turn: UUID) -> None:
    """Tell the process that runs the turn to stop; the key is for a process that does not listen yet."""
    client = get_sync_redis()
    client.set(build_stop_key(turn), "1", ex=STOP_SECONDS)
    client.publish(STOPS, str(turn))


def find_alive_turns(turns: Collection[UUID]) -> set[UUID]:
    """Return those turns that have a heartbeat, which means that a process runs them."""
    if not turns:
        return set()
    ids = list(turns)
    heartbeats = get_sync_redis().mget([build_running_key(turn) for turn in ids])
    return {turn for turn, heartbeat in zip(ids, heartbeats, strict=True) if heartbeat is not None}
