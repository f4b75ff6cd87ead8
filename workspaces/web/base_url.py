"""Makes every absolute address of a request come from BASE_URL, and refuses hosts that are not ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.links import join_base_url
from workspaces.web.refusals import refuse


@sync_and_async_middleware
def base_url_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Set ``request.build_absolute_uri``, also for libraries; answer 400 for a host not in ALLOWED_HOSTS.

    Libraries (allauth, Django REST framework) build links of e-mails and redirects with this method, which
    would use the Host header: whoever asks for a reset mail could choose where its link leads.
    """

    def has_known_host(request: HttpRequest) -> bool:
        request.build_absolute_uri = (  # type: ignore[method-assign]  # one request, and libraries call it
            lambda location=None: build_absolute_uri(request, location)
        )
        try:
            request.get_host()
        except DisallowedHost:
            return False
        return True

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request) if has_known_host(request) else refuse(request, unknown_host())

    async def async_middleware(request: HttpRequest) -> HttpResponseBase:
        if has_known_host(request):
            return await get_response(request)
        return await sync_to_async(refuse)(request, unknown_host())

    return async_middleware if iscoroutinefunction(get_response) else middleware


def build_absolute_uri(request: HttpRequest, location: Any = None) -> str:
    """Do what HttpRequest.build_absolute_uri does, with BASE_URL in place of the Host header."""
    wanted = request.get_full_path() if location is None else str(location)
    return iri_to_uri(join_base_url(wanted, path=request.path)) or ""


def unknown_host() -> InvalidInput:
    return InvalidInput(
        _("This site has another address. The operator names its addresses in ALLOWED_HOSTS and BASE_URL."),
        code="unknown_host",
    )
