"""/metrics: figures for operators, as Prometheus text."""

from __future__ import annotations

import secrets

import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from config.celery import QUEUE_NAMES
from config.health import is_database_up
from workspaces.web.client_address import is_on_this_machine

TEXT = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer callers on this machine and with METRICS_TOKEN; all others get 404."""
    if not (is_on_this_machine(request) or has_token(request)):
        raise Http404
    queued, running = await sync_to_async(get_redis_figures, thread_sensitive=False)()
    database_up = await sync_to_async(is_database_up)()
    figures: list[tuple[str, str, str, int | None]] = [
        ("loggia_up", "gauge", "The web process answers.", 1),
        ("loggia_database_up", "gauge", "The database answers.", int(database_up)),
        ("loggia_redis_up", "gauge", "Redis answers.", int(queued is not None)),
        (
            "loggia_queue_length",
            "gauge",
            "Jobs that wait for a worker.",
            None if queued is None else sum(queued.values()),
        ),
        ("loggia_running_turns", "gauge", "Chat turns that are being answered.", running),
    ]
    lines = [
        f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n{name} {value}\n"
        for name, kind, help_text, value in figures
        if value is not None
    ]
    if queued is not None:
        name = "loggia_queue_jobs"
        lines.append(f"# HELP {name} Jobs that wait for a worker, by queue.\n# TYPE {name} gauge\n")
        lines += [f'{name}{{queue="{queue}"}} {count}\n' for queue, count in queued.items()]
    return HttpResponse("".join(lines), content_type=TEXT)


def has_token(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and secrets.compare_digest(given.encode(), token.encode())


def get_redis_figures() -> tuple[dict[str, int] | None, int | None]:
    """Return the number of waiting jobs by queue, and of running turns; None for both when Redis is down."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        try:
            running = sum(1 for _ in client.scan_iter(match=settings.RUNNING_TURN_KEYS, count=1000))
            return {name: int(client.llen(name)) for name in QUEUE_NAMES}, running
        except redis.RedisError:
            return None, None
