"""Cached whole pages for visitors: one cache lookup, no query, no session.

Two visitors' pages differ only in the script nonce and the CSRF token, so pages are cached with placeholders,
which are filled in for each response. Signed-in people neither get nor fill these cache entries.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from marketplace.page_cache import EntryInputs, build_inputs, get_entry, store_entry
from workspaces.states import Theme
from workspaces.web.context import THEME_COOKIE
from workspaces.web.public import public_page

NONCE_PLACEHOLDER = "nonce-of-this-answer-4b1f6c"
TOKEN_PLACEHOLDER = "csrf-token-of-this-answer-9d27e0"  # noqa: S105 - a placeholder, replaced in each answer
# Pages with longer URLs are not cached: nobody links to them.
MAX_URL_LENGTH = 300
COMPRESSION_LEVEL = 1
# Request headers that choose an entry, or none. The host is not among them: links have the base URL.
VARY = ("Accept-Language", "Cookie", "HX-Request")

View = Callable[..., HttpResponse]


def visitor_page(
    seconds: int, *, query: Mapping[str, Callable[[str], bool]] | None = None
) -> Callable[[View], View]:
    """Serve a view to visitors from the cache. The view may depend on EntryInputs only.

    ``query`` names the parameters of the URL that the view reads, each with a check of its value. Other URLs
    are answered without the cache, so that nobody can fill it with invented ones. The middleware calls
    ``view.from_cache`` before it opens a transaction.
    """
    known = dict(query or {})

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            inputs = get_page_inputs(request, known)
            if inputs is None:
                return vary(view(request, *args, **kwargs))
            # The version that the middleware read, from before the page is built.
            version = getattr(request, "page_version", None) or get_entry(inputs)[0]
            response = _render_with_placeholders(request, view, *args, **kwargs)
            if response.status_code == 200:
                compressed = zlib.compress(response.content, COMPRESSION_LEVEL)
                store_entry(inputs, version, compressed, seconds=seconds)
            response.content = _fill_placeholders(request, response.content)
            return vary(response)

        def from_cache(request: HttpRequest) -> HttpResponse | None:
            """Return the cached page of this URL, None when it must be rendered."""
            inputs = get_page_inputs(request, known)
            if inputs is None:
                return None
            request.page_version, compressed = get_entry(inputs)  # type: ignore[attr-defined]  # for answer
            if compressed is None:
                return None
            return vary(HttpResponse(_fill_placeholders(request, zlib.decompress(compressed))))

        answer.from_cache = from_cache  # type: ignore[attr-defined]
        return public_page(answer)

    return wrap


def vary(response: HttpResponse) -> HttpResponse:
    """Tell caches on the way the same inputs that ours has."""
    patch_vary_headers(response, VARY)
    return response


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


def get_page_inputs(request: HttpRequest, known: Mapping[str, Callable[[str], bool]]) -> EntryInputs | None:
    """Return what the page depends on, None when the response must not be cached."""
    query = request.META.get("QUERY_STRING", "")
    if (
        request.method != "GET"
        or settings.SESSION_COOKIE_NAME in request.COOKIES
        or CookieStorage.cookie_name in request.COOKIES
        or request.headers.get("HX-Request")
        or len(request.get_full_path()) > MAX_URL_LENGTH
        or not _is_canonical(request, query, known)
    ):
        return None
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return build_inputs(
        "page", request.path, query=query, theme=theme if theme in Theme.values else Theme.SYSTEM
    )


def _is_canonical(request: HttpRequest, query: str, known: Mapping[str, Callable[[str], bool]]) -> bool:
    """Return whether the query has known parameters only, each once and written in the usual way."""
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    if query != urlencode(pairs) or len(pairs) != len(request.GET):
        return False
    return all(name in known and known[name](value) for name, value in pairs)


def _fill_placeholders(request: HttpRequest, content: bytes) -> bytes:
    if NONCE_PLACEHOLDER.encode() in content:
        content = content.replace(NONCE_PLACEHOLDER.encode(), str(request.csp_nonce).encode())  # type: ignore[attr-defined]
    if TOKEN_PLACEHOLDER.encode() in content:
        content = content.replace(TOKEN_PLACEHOLDER.encode(), get_token(request).encode())
    return content
