"""The ASGI handler: sync views run through all middleware in one thread hop instead of twenty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from gpts.streaming.threads import in_thread, is_chat_view


class OneHopHandler(ASGIHandler):
    """Django's handler, but a sync view gets the sync middleware chain, run whole in its request's thread.

    Under ASGI Django awaits every middleware and moves each of its hooks to a thread and back, which costs
    four milliseconds a page. Views that answer with a stream run the same way, in the chat's few threads;
    what they return is read on the event loop. Async views and what has no route (static files) keep
    Django's chain.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sync_chain = BaseHandler()
        self.sync_chain.load_middleware()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        view = sync_view(request.path_info)
        if view is None:
            return await super().get_response_async(request)
        if is_chat_view(view):
            return await in_thread(self.sync_chain.get_response, request)
        return await sync_to_async(self.sync_chain.get_response, thread_sensitive=True)(request)


def sync_view(path: str) -> Callable[..., Any] | None:
    """The sync view of a path; None when there is no view or an async one."""
    try:
        view = resolve(path, settings.ROOT_URLCONF).func
    except Resolver404:
        return None
    return None if iscoroutinefunction(view) else view
