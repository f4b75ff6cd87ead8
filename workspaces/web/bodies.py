"""Limits on the size of request bodies: small for most routes, larger for those that take files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext_lazy as _

from core.errors import TooLarge
from workspaces.web.refusals import refuse

View = TypeVar("View")

_MARK = "loggia_takes_files"
# For the other fields of a form beside the file.
FORM_BYTES = 1024 * 1024
# Key in the ASGI scope of a request whose body was refused; its value is the limit in bytes.
REFUSED = "loggia.body_refused"


def takes_files(view: View) -> View:
    """Mark a view, or a class of the API, as one that takes knowledge files. Set it outermost."""
    setattr(view, _MARK, True)
    return view


def body_limit(view: Any) -> int:
    """Return how many bytes a request to ``view`` may send; ``view`` is None for an unknown address."""
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if getattr(view, _MARK, False) or getattr(kind, _MARK, False):
        return max(settings.KNOWLEDGE_FILE_BYTES + FORM_BYTES, settings.REQUEST_BYTES)
    return int(settings.REQUEST_BYTES)


@sync_and_async_middleware
def body_limit_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answer requests whose body config.handler refused to read, before any other middleware."""

    def refused(request: HttpRequest) -> HttpResponseBase | None:
        limit = getattr(request, "scope", {}).get(REFUSED)
        return None if limit is None else refuse(request, too_large(int(limit)))

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return refused(request) or get_response(request)

    async def async_middleware(request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(refused)(request) or await get_response(request)

    return async_middleware if iscoroutinefunction(get_response) else middleware


def too_large(limit: int) -> TooLarge:
    return TooLarge(
        _("This is too much at once: at most %(megabytes)d MB can be sent here. Nothing was kept.")
        % {"megabytes": max(limit // (1024 * 1024), 1)},
        code="request_too_large",
        data={"limit": limit},
    )
