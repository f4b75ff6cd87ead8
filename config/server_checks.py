"""What an operator should correct at database and Redis servers: check --deploy and /operator/health."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.utils.translation import gettext_lazy as _

from config.postgres_versions import format_version, get_version_problem


@dataclass(frozen=True)
class ServerState:
    """One server: ``value`` is what was found, ``problem`` says what to do, empty when nothing is wrong."""

    name: Any
    value: str
    problem: Any = ""
    is_reachable: bool = True
    code: str = ""


def list_server_states() -> list[ServerState]:
    return [check_database(), check_queue(), check_cache()]


# PostgreSQL --------------------------------------------------------------------------------------------


def check_database() -> ServerState:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            number = int(cursor.fetchone()[0])
    except DatabaseError:
        return ServerState("PostgreSQL", "", _("It does not answer."), is_reachable=False, code="W001")
    return ServerState("PostgreSQL", format_version(number), get_version_problem(number), code="W001")


# Redis -------------------------------------------------------------------------------------------------


def check_queue() -> ServerState:
    """Queue and turn streams: nothing may be evicted."""
    name = _("Queue and streams (Redis)")
    memory = _read_memory(settings.REDIS_URL)
    if memory is None:
        return ServerState(name, "", _("It does not answer."), is_reachable=False, code="W002")
    problem: Any = ""
    if memory.get("maxmemory_policy") != "noeviction":
        problem = _("It may evict jobs: set maxmemory-policy noeviction.")
    return ServerState(name, _describe_memory(memory), problem, code="W002")


def check_cache() -> ServerState:
    """The cache: on its own server, with a limit at which it evicts."""
    name = _("Cache (Redis)")
    memory = _read_memory(settings.CACHE_URL)
    if memory is None:
        return ServerState(name, "", _("It does not answer."), is_reachable=False, code="W003")
    problem: Any = ""
    if is_same_server(settings.REDIS_URL, settings.CACHE_URL):
        problem = _("It shares the queue's server, whose memory a flood of requests may fill: set CACHE_URL.")
    elif not memory.get("maxmemory") or not str(memory.get("maxmemory_policy", "")).startswith("allkeys-"):
        problem = _("It has no limit at which it evicts: set maxmemory and maxmemory-policy allkeys-lru.")
    return ServerState(name, _describe_memory(memory), problem, code="W003")


def is_same_server(first: str, second: str) -> bool:
    """Return whether two Redis addresses lead to one server, whatever database they name."""
    one, other = urlsplit(first), urlsplit(second)
    if "unix" in (one.scheme, other.scheme):
        return (one.scheme, one.path) == (other.scheme, other.path)
    return (one.hostname, one.port or 6379) == (other.hostname, other.port or 6379)


def _read_memory(url: str) -> dict[str, Any] | None:
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            found: dict[str, Any] = client.info("memory")
            return found
    except redis.RedisError:
        return None


def _describe_memory(memory: dict[str, Any]) -> str:
    limit = memory.get("maxmemory_human") if memory.get("maxmemory") else "∞"
    return f"{memory.get('used_memory_human')} / {limit}, {memory.get('maxmemory_policy')}"


# manage.py check --deploy ------------------------------------------------------------------------------


@checks.register(checks.Tags.security, deploy=True)
def check_servers(app_configs: object, **options: object) -> Sequence[checks.CheckMessage]:
    """Warn of servers that need something; one that does not answer is only mentioned."""
    messages: list[checks.CheckMessage] = []
    for state in list_server_states():
        if not state.is_reachable:
            messages.append(
                checks.Info(f"{state.name} was not checked: it does not answer.", id="loggia.I001")
            )
        elif state.problem:
            messages.append(
                checks.Warning(f"{state.name}: {state.value}. {state.problem}", id=f"loggia.{state.code}")
            )
    return messages
