"""Who has the pages of a GPT open now: a sorted set in Redis, whose members expire without a heartbeat."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import redis

from gpts.assistants.models import GPT
from gpts.chat.streaming.connection import get_sync_redis
from workspaces.models import User

# A window sends a heartbeat every 12 seconds; two may get lost.
PRESENCE_SECONDS = 40
MAX_WINDOWS = 200
_WINDOW_ID = re.compile(r"[A-Za-z0-9-]{8,40}")


@dataclass(frozen=True)
class Presence:
    """Another person who has the GPT open, or (``is_you``) the same person in another window."""

    user_id: int
    name: str
    is_you: bool


def _build_key(gpt: GPT) -> str:
    return f"builder:here:{gpt.workspace_id}:{gpt.pk}"


def record_presence(gpt: GPT, user: User, window: str) -> list[Presence]:
    """Record a window's heartbeat and return the others, the person's own windows last; [] if Redis fails."""
    if not _WINDOW_ID.fullmatch(window):
        return []
    now, key = time.time(), _build_key(gpt)
    try:
        with get_sync_redis().pipeline(transaction=False) as pipe:
            pipe.zadd(key, {f"{user.pk}:{window}": now})
            pipe.zremrangebyscore(key, 0, now - PRESENCE_SECONDS)
            pipe.zremrangebyrank(key, 0, -MAX_WINDOWS - 1)  # the newest stay
            pipe.expire(key, PRESENCE_SECONDS * 2)
            pipe.zrange(key, 0, MAX_WINDOWS)
            *_done, members = pipe.execute()
    except redis.RedisError:
        return []
    others = [member.split(":", 1) for member in members if member != f"{user.pk}:{window}"]
    user_ids = {int(user_id) for user_id, _window in others}
    people = User.objects.filter(pk__in=user_ids - {user.pk}).order_by("display_name", "pk")
    present = [Presence(person.pk, str(person), is_you=False) for person in people]
    if user.pk in user_ids:
        present.append(Presence(user.pk, str(user), is_you=True))
    return present


def remove_presence(gpt: GPT, user: User, window: str) -> None:
    """Remove a window that was closed; harmless if it was not recorded."""
    if not _WINDOW_ID.fullmatch(window):
        return
    try:
        get_sync_redis().zrem(_build_key(gpt), f"{user.pk}:{window}")
    except redis.RedisError:
        return
