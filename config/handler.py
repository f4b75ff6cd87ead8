"""The ASGI handler: a sync view and all its middleware run in one thread switch instead of twenty."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from gpts.chat.streaming.threads import in_thread, is_chat_view
from workspaces.web.bodies import REFUSED, body_limit

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class SingleThreadHandler(ASGIHandler):
    """Django's handler, but runs the middleware of a sync view as a sync chain, in the request's thread.

    Under ASGI Django awaits every middleware and moves each of its hooks to a thread and back, which costs
    four milliseconds a page. Views that answer with a stream run the same way, in the chat's few threads;
    what they return is read on the event loop. Async views and what has no route (static files) keep
    Django's chain.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sync_chain = BaseHandler()
        self.sync_chain.load_middleware()

    async def handle(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        await super().handle(scope, limit_body(scope, receive), send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        view = find_sync_view(request.path_info)
        if view is None:
            return await super().get_response_async(request)
        if is_chat_view(view):
            return await in_thread(self.sync_chain.get_response, request)
        return await sync_to_async(self.sync_chain.get_response, thread_sensitive=True)(request)


def find_sync_view(path: str) -> Callable[..., Any] | None:
    """Return the sync view of a path; None for no view or an async one."""
    view = find_view(path)
    return None if iscoroutinefunction(view) else view


def find_view(path: str) -> Callable[..., Any] | None:
    try:
        return resolve(path, settings.ROOT_URLCONF).func
    except Resolver404:
        return None


def limit_body(scope: dict[str, Any], receive: Receive) -> Receive:
    """Read a body up to the limit of its route and discard the rest.

    A request that declares more is refused before its first byte. The mark in ``scope`` makes
    workspaces.web.bodies answer 413 in place of the view.
    """
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"")
    size = int(declared) if declared.isdigit() else 0
    limit = settings.REQUEST_BYTES
    if size > limit or b"transfer-encoding" in headers:
        limit = body_limit(find_view(scope["path"]))
    if size > limit:
        scope[REFUSED] = limit
    read = 0
    is_over = False

    async def receive_limited() -> Mapping[str, Any]:
        nonlocal read, is_over
        if REFUSED not in scope:
            message = await receive()
            read += len(message.get("body", b""))
            if read <= limit:
                return message
            scope[REFUSED] = limit
        if is_over:
            # Django sends the answer while it waits for this, then ends both.
            await asyncio.Event().wait()
        is_over = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive_limited
