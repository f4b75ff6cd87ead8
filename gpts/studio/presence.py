"""Who has a GPT's builder open right now: in Redis, gone by itself when nobody says so any more."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import redis

from gpts.assistants.models import GPT
from gpts.chat.streaming.connection import sync_redis
from workspaces.models import User

# A window tells that it is still there every 12 seconds; two may get lost.
PRESENCE_SECONDS = 40
MAX_WINDOWS = 200
_WINDOW_ID = re.compile(r"[A-Za-z0-9-]{8,40}")


@dataclass(frozen=True)
class Presence:
    """Somebody else with the builder open, or (``is_you``) the same person in another window."""

    user_id: int
    name: str
    is_you: bool


def _build_key(gpt: GPT) -> str:
    return f"builder:here:{gpt.workspace_id}:{gpt.pk}"


def record_presence(gpt: GPT, user: User, window: str) -> list[Presence]:
    """Note that a window is open and return who else is here, themselves last. Empty while Redis is down."""
    if not _WINDOW_ID.fullmatch(window):
        return []
    now, key = time.time(), _build_key(gpt)
    try:
        with sync_redis().pipeline(transaction=False) as pipe:
            pipe.zadd(key, {f"{user.pk}:{window}": now})
            pipe.zremrangebyscore(key, 0, now - PRESENCE_SECONDS)
            pipe.expire(key, PRESENCE_SECONDS * 2)
            pipe.zrange(key, 0, MAX_WINDOWS)
            *_done, members = pipe.execute()
    except redis.RedisError:
        return []
    others = [member.split(":", 1) for member in members if member != f"{user.pk}:{window}"]
    identifiers = {int(person) for person, _window in others}
    people = User.objects.filter(pk__in=identifiers - {user.pk}).order_by("display_name", "pk")
    here = [Presence(person.pk, str(person), is_you=False) for person in people]
    if user.pk in identifiers:
        here.append(Presence(user.pk, str(user), is_you=True))
    return here


def remove_presence(gpt: GPT, user: User, window: str) -> None:
    """A window was closed; harmless for one that was not there."""
    if not _WINDOW_ID.fullmatch(window):
        return
    try:
        sync_redis().zrem(_build_key(gpt), f"{user.pk}:{window}")
    except redis.RedisError:
        return
