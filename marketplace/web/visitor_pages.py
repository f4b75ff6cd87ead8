"""Cached whole pages for visitors: one cache lookup, no query, no session.

Two visitors' pages differ only in the script nonce and the CSRF token, so pages are cached with placeholders,
which are filled in for each response. Signed-in people neither get nor fill these cache entries.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import translation

from marketplace.page_cache import get_entry, store_entry
from workspaces.web.context import THEME_COOKIE
from workspaces.web.public import public_page

NONCE_PLACEHOLDER = "nonce-of-this-answer-4b1f6c"
TOKEN_PLACEHOLDER = "csrf-token-of-this-answer-9d27e0"  # noqa: S105 - a placeholder, replaced in each answer
# Pages with longer URLs are not cached: nobody links to them.
MAX_URL_LENGTH = 300

# Compressed, so that a flood of distinct URLs cannot evict Celery's Redis keys.
COMPRESSION_LEVEL = 1

View = Callable[..., HttpResponse]


def visitor_page(seconds: int) -> Callable[[View], View]:
    """Serve a view to visitors from the cache. The view may depend on the request's URL only.

    The middleware calls ``view.from_cache`` before it opens a transaction.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            name = _get_cache_name(request)
            if name is None:
                return view(request, *args, **kwargs)
            # The version that the middleware read, from before the page is built.
            version = getattr(request, "page_version", None) or _get_entry(request, name)[0]
            response = _render_with_placeholders(request, view, *args, **kwargs)
            if response.status_code == 200:
                compressed = zlib.compress(response.content, COMPRESSION_LEVEL)
                store_entry(name, translation.get_language(), version, compressed, seconds=seconds)
            response.content = _fill_placeholders(request, response.content)
            return response

        answer.from_cache = from_cache  # type: ignore[attr-defined]
        return public_page(answer)

    return wrap


def from_cache(request: HttpRequest) -> HttpResponse | None:
    """Return the cached page of this URL, None when it must be rendered."""
    name = _get_cache_name(request)
    if name is None:
        return None
    request.page_version, compressed = _get_entry(request, name)  # type: ignore[attr-defined]  # for visitor_page
    return (
        None if compressed is None else HttpResponse(_fill_placeholders(request, zlib.decompress(compressed)))
    )


def _get_entry(request: HttpRequest, name: str) -> tuple[str, Any]:
    return get_entry(name, translation.get_language(), path=request.path)


def _render_with_placeholders(request: HttpRequest, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
    """Render the page with placeholders for nonce and token."""
    nonce, request.csp_nonce = request.csp_nonce, NONCE_PLACEHOLDER  # type: ignore[attr-defined]  # set by django-csp
    request.visitor_page = True  # type: ignore[attr-defined]  # so that visitor_context returns the placeholder
    try:
        return view(request, *args, **kwargs)
    finally:
        # An error page is rendered for this request alone, with its own nonce and token.
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        request.visitor_page = False  # type: ignore[attr-defined]


def visitor_context(request: HttpRequest) -> dict[str, str]:
    """Return the context with the placeholder of the CSRF token, when the page will be cached."""
    return {"csrf_token": TOKEN_PLACEHOLDER} if getattr(request, "visitor_page", False) else {}


def _get_cache_name(request: HttpRequest) -> str | None:
    """Return the page's name in the cache, None when the response must not be cached."""
    url = request.get_full_path()
    if (
        request.method != "GET"
        or settings.SESSION_COOKIE_NAME in request.COOKIES
        or CookieStorage.cookie_name in request.COOKIES
        or request.headers.get("HX-Request")
        or len(url) > MAX_URL_LENGTH
    ):
        return None
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return "page:" + hashlib.sha256(f"{theme[:10]}\n{url}".encode()).hexdigest()


def _fill_placeholders(request: HttpRequest, content: bytes) -> bytes:
    if NONCE_PLACEHOLDER.encode() in content:
        content = content.replace(NONCE_PLACEHOLDER.encode(), str(request.csp_nonce).encode())  # type: ignore[attr-defined]
    if TOKEN_PLACEHOLDER.encode() in content:
        content = content.replace(TOKEN_PLACEHOLDER.encode(), get_token(request).encode())
    return content
