"""Errors of the API, all in one shape: {"error": {code, message, field, data}}."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import connection, transaction
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.connections import has_open_scope
from core.errors import DomainError
from workspaces.access import not_found
from workspaces.web.bodies import too_large
from workspaces.web.refusals import error_body


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into a response and roll back what the request wrote; unknown ones become 500."""
    if isinstance(error, Http404):
        error = not_found()
    if isinstance(error, RequestDataTooBig):
        # Routes that accept files let larger bodies in than JSON may have.
        error = too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if isinstance(error, DomainError):
        response = Response(error_body(error), status=error.status)
        if "retry_after" in error.data:
            response["Retry-After"] = str(error.data["retry_after"])
    else:
        standard = exception_handler(error, context)
        if standard is None or not isinstance(error, exceptions.APIException):
            return standard
        standard.data = _body(error)
        response = standard
    # Views with scopes of their own have left them when they raise.
    if connection.in_atomic_block and has_open_scope():
        transaction.set_rollback(True)
    return response


def _body(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        details = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        field, message = _first(details)
        return _shape("invalid_input", message, field, {"fields": details})
    return _shape(str(error.default_code), str(error.detail), "", {})


def _first(details: Any, path: str = "") -> tuple[str, str]:
    """Return the path and text of the first of nested validation messages."""
    if isinstance(details, dict) and details:
        name, inner = next(iter(details.items()))
        name = "" if name == "non_field_errors" else str(name)
        return _first(inner, ".".join(part for part in (path, name) if part))
    if isinstance(details, list) and details:
        return _first(details[0], path)
    return path, str(details) if details else _("This cannot be used as it is.")


def _shape(code: str, message: str, field: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "field": field, "data": data}}
