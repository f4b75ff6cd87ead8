"""A test client for views that may stream: over ASGI, the way the server's handler runs them."""

from __future__ import annotations

from typing import Any

from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import AsyncClient
from django.test.client import AsyncClientHandler

from config.handler import find_sync_view
from gpts.chat.streaming.threads import in_thread, is_chat_view


class StreamHandler(AsyncClientHandler):
    """Chat views go with all middleware to a thread of the chat, as in ``config.handler``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sync_chain = BaseHandler()
        self.sync_chain.load_middleware()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        view = find_sync_view(request.path_info)
        if view is not None and is_chat_view(view):
            return await in_thread(self.sync_chain.get_response, request)
        return await super().get_response_async(request)


class StreamClient(AsyncClient):
    def __init__(self, enforce_csrf_checks: bool = False, **kwargs: Any) -> None:
        super().__init__(enforce_csrf_checks, **kwargs)
        self.handler = StreamHandler(enforce_csrf_checks)
