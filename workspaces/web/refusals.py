"""A DomainError as an answer: a page, a toast for htmx, JSON for the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import get_resolver

from core.errors import DomainError, NotFound, RateLimited, Unavailable

API_PREFIXES = ("/api/v1/", "/v1/")


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIXES)


def refuse(request: HttpRequest, error: DomainError) -> HttpResponseBase:
    """Answer with the error's status in the form that the client reads.

    NotFound looks exactly like an address that does not exist.
    """
    if is_api(request):
        response: HttpResponseBase = JsonResponse(error_body(error), status=error.status)
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


def not_found_page(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return what Django returns for an unknown address."""
    handler: Any = get_resolver().resolve_error_handler(404)
    response: HttpResponse = handler(request, exception=error)
    return response


def form_only_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return a page in place of the empty answer to somebody who opens the address of a form.

    One gets there by loading a refused form again or by changing the language on it. Status and methods stay.
    """
    page = render(request, "405.html", status=response.status_code)
    page.headers["Allow"] = response.headers["Allow"]
    return page


def error_body(error: DomainError) -> dict[str, Any]:
    """Return the one shape of errors of the API."""
    return {
        "error": {
            "code": error.code,
            "message": str(error.message),
            "field": error.field,
            "data": error.data,
        }
    }
