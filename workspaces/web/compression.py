"""Compresses pages for browsers that accept it; static files are compressed beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def page_compression_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Compress HTML. Streams of answers are left alone: what they send must not wait for more.

    Django adds a random number of bytes and masks the CSRF token anew in each page, so that the length tells
    nobody whether a guess in the address occurs elsewhere in the page (the attack BREACH).
    """
    gzip = GZipMiddleware(get_response)

    def compress(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.streaming or not is_page:
            return response
        return gzip.process_response(request, response)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return compress(request, get_response(request))

    async def async_middleware(request: HttpRequest) -> HttpResponseBase:
        return compress(request, await get_response(request))

    return async_middleware if iscoroutinefunction(get_response) else middleware
