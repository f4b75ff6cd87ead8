"""Turns a DomainError into a response: a page, a toast for htmx, JSON for the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import get_resolver
from django.utils.translation import gettext_lazy as _

from core.connections import DatabaseBusy
from core.errors import DomainError, InvalidInput, NotFound, RateLimited, Unavailable

SCIM_PREFIX = "/scim/v2/"
API_PREFIXES = ("/api/v1/", "/v1/", SCIM_PREFIX)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIXES)


def is_scim(request: HttpRequest) -> bool:
    return request.path.startswith(SCIM_PREFIX)


def refuse(request: HttpRequest, error: DomainError) -> HttpResponseBase:
    """Return a response with the error's status in the format of the client.

    NotFound looks exactly like an unknown address.
    """
    if is_api(request):
        response: HttpResponseBase = JsonResponse(error_body(error), status=error.status)
    elif isinstance(error, DatabaseBusy):
        response = busy_page(request, error)
    elif request.headers.get("HX-Request") == "true":
        response = render(
            request, "components/toast.html", {"kind": "bad", "text": error.message}, status=error.status
        )
    elif isinstance(error, NotFound):
        response = not_found_page(request, error)
    else:
        response = render(request, "workspaces/refusal.html", {"error": error}, status=error.status)
    if isinstance(error, RateLimited | Unavailable) and "retry_after" in error.data:
        response.headers["Retry-After"] = str(error.data["retry_after"])
    return response


def refuse_damaged(request: HttpRequest) -> HttpResponse:
    """Refuse a request that no page of ours sends, in the format of the client, without reading any row."""
    error = InvalidInput(
        _("Part of the address or of the form is damaged. Go back, reload the page and try again."),
        code="damaged",
    )
    if is_api(request):
        return JsonResponse(error_body(error), status=400)
    if request.headers.get("HX-Request") == "true":
        text = render_to_string("components/toast.html", {"kind": "bad", "text": error.message})
    else:
        text = render_to_string("400.html")
    return HttpResponse(text, status=400)


def busy_page(request: HttpRequest, error: DatabaseBusy) -> HttpResponse:
    """Return a page that needs no database: the layout's context would ask for another connection."""
    if request.headers.get("HX-Request") == "true":
        text = render_to_string("components/toast.html", {"kind": "bad", "text": error.message})
    else:
        text = render_to_string("503.html", {"text": error.message})
    return HttpResponse(text, status=error.status)


def not_found_page(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the page of an unknown address."""
    handler: Any = get_resolver().resolve_error_handler(404)
    response: HttpResponse = handler(request, exception=error)
    return response


def form_only_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return a page for a GET of a POST-only address, with the same status and Allow header.

    People get there by reloading a refused form or by changing the language on it.
    """
    page = render(request, "405.html", status=response.status_code)
    page.headers["Allow"] = response.headers["Allow"]
    return page


def error_body(error: DomainError) -> dict[str, Any]:
    """Return the body of every error of the API."""
    return {
        "error": {
            "code": error.code,
            "message": str(error.message),
            "field": error.field,
            "data": error.data,
        }
    }
