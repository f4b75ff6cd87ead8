"""Whole pages of the store for visitors, from the cache: one look-up, no query, no session.

A visitor's page differs from another's only by the nonce of its scripts and its CSRF token, so it is kept
with marks in their place and filled in for each answer. Signed-in people never get or make such a page.
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

from marketplace.stamps import find_part, keep_part
from workspaces.web.context import THEME_COOKIE
from workspaces.web.public import public_page

NONCE_MARK = "nonce-of-this-answer-4b1f6c"
TOKEN_MARK = "csrf-token-of-this-answer-9d27e0"  # noqa: S105 - a placeholder, replaced in each answer
# Longer addresses are built each time: nobody links to them.
LONGEST_ADDRESS = 300

# A page is kept packed, as a storm of different addresses must not fill the memory of the queue's neighbour.
PACKING = 1

View = Callable[..., HttpResponse]


def visitor_page(seconds: int) -> Callable[[View], View]:
    """Serve a view to visitors from the cache. It must look at nothing of the request but its address.

    ``view.from_cache`` is asked by the middleware before it opens a transaction.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            name = _name_of(request)
            if name is None:
                return view(request, *args, **kwargs)
            # The middleware has looked before; the stamp is that of then, from before the page is built.
            stamp = getattr(request, "stamp_of_page", None) or _find(request, name)[0]
            response = _made(request, view, *args, **kwargs)
            if response.status_code == 200:
                packed = zlib.compress(response.content, PACKING)
                keep_part(name, translation.get_language(), stamp, packed, seconds=seconds)
            response.content = _filled(request, response.content)
            return response

        answer.from_cache = from_cache  # type: ignore[attr-defined]
        return public_page(answer)

    return wrap


def from_cache(request: HttpRequest) -> HttpResponse | None:
    """Return the kept page of this address, None when it must be made."""
    name = _name_of(request)
    if name is None:
        return None
    request.stamp_of_page, packed = _find(request, name)  # type: ignore[attr-defined]  # for visitor_page
    return None if packed is None else HttpResponse(_filled(request, zlib.decompress(packed)))


def _find(request: HttpRequest, name: str) -> tuple[str, Any]:
    return find_part(name, translation.get_language(), path=request.path)


def _made(request: HttpRequest, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
    """Build the page with marks where the nonce and the token belong."""
    nonce, request.csp_nonce = request.csp_nonce, NONCE_MARK  # type: ignore[attr-defined]  # set by django-csp
    request.visitor_page = True  # type: ignore[attr-defined]  # the context then holds the token's mark
    try:
        return view(request, *args, **kwargs)
    finally:
        # An error page is made for this request alone, with its own nonce and token.
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        request.visitor_page = False  # type: ignore[attr-defined]


def visitor_context(request: HttpRequest) -> dict[str, str]:
    """Return the context that puts the mark where the CSRF token belongs, when the page will be kept."""
    return {"csrf_token": TOKEN_MARK} if getattr(request, "visitor_page", False) else {}


def _name_of(request: HttpRequest) -> str | None:
    """Return the page's name in the cache, None when this answer must be made for this request alone."""
    address = request.get_full_path()
    if (
        request.method != "GET"
        or settings.SESSION_COOKIE_NAME in request.COOKIES
        or CookieStorage.cookie_name in request.COOKIES
        or request.headers.get("HX-Request")
        or len(address) > LONGEST_ADDRESS
    ):
        return None
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return "page:" + hashlib.sha256(f"{theme[:10]}\n{address}".encode()).hexdigest()


def _filled(request: HttpRequest, content: bytes) -> bytes:
    if NONCE_MARK.encode() in content:
        content = content.replace(NONCE_MARK.encode(), str(request.csp_nonce).encode())  # type: ignore[attr-defined]
    if TOKEN_MARK.encode() in content:
        content = content.replace(TOKEN_MARK.encode(), get_token(request).encode())
    return content
