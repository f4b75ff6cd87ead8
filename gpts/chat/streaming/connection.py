"""Running turns in Redis: keys, clients, heartbeats, stopping from anywhere, and the rate of messages."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import RateLimited

STOPS = "turn:stops"
STOP_SECONDS = 600
# The process of a running turn renews this key every few seconds; without it the process is gone.
ALIVE_SECONDS = 20
RATE_WINDOW = 60
KEY_SECONDS = 600

_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = weakref.WeakKeyDictionary()


def events_key(turn: UUID | str) -> str:
    return f"turn:events:{turn}"


def running_key(turn: UUID | str) -> str:
    return f"turn:running:{turn}"


def stop_key(turn: UUID | str) -> str:
    return f"turn:stop:{turn}"


def async_redis() -> Any:
    """The event loop's client; its connections belong to that loop."""
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
def sync_redis() -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_timeout=3, socket_connect_timeout=3
    )


def check_message(user_id: int, key: str) -> bool:
    """Count one message of a person, and return whether its request key was seen before.

    RateLimited beyond the instance's limit a minute. While Redis is down nothing is limited, and every
    key counts as seen, so that the database is asked.
    """
    rate = f"chat:rate:{user_id}"
    try:
        with sync_redis().pipeline(transaction=False) as pipe:
            pipe.set(rate, 0, ex=RATE_WINDOW, nx=True).incr(rate).ttl(rate)
            if key:
                pipe.set(f"chat:key:{user_id}:{key[:64]}", "1", nx=True, ex=KEY_SECONDS)
            _set, count, left, *is_new = pipe.execute()
    except redis.ConnectionError:
        return bool(key)
    if count > settings.CHAT_TURNS_PER_MINUTE:
        raise RateLimited(
            _("That was too many messages in a minute. Wait a moment."),
            code="chat_rate",
            data={"retry_after": max(int(left), 1), "limit": settings.CHAT_TURNS_PER_MINUTE},
        )
    return bool(key) and not is_new[0]


def ask_to_stop(turn: UUID) -> None:
    """Tell the process that runs the turn, whichever it is; the key is for one that was not listening yet."""
    client = sync_redis()
    client.set(stop_key(turn), "1", ex=STOP_SECONDS)
    client.publish(STOPS, str(turn))


def find_alive_turns(turns: Collection[UUID]) -> set[UUID]:
    """Which of these turns have a heartbeat: some process runs them."""
    if not turns:
        return set()
    known = list(turns)
    beats = sync_redis().mget([running_key(turn) for turn in known])
    return {turn for turn, beat in zip(known, beats, strict=True) if beat is not None}


def read_text(turn: UUID) -> str:
    """What a turn had said, from its Redis Stream; empty when nothing is left of it."""
    return "".join(fields.get("text", "") for _id, fields in sync_redis().xrange(events_key(turn)))
