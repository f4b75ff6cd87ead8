"""The base of the SCIM views: tokens of identity providers, errors, versions and chosen attributes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.generic import View
from rest_framework.exceptions import ParseError

from core.errors import DomainError
from core.links import absolute_url
from workspaces.api.parsers import BoundedJSONParser
from workspaces.models import ScimToken
from workspaces.queries.scim import Ask
from workspaces.scim.errors import ScimError

MEDIA_TYPE = "application/scim+json"


class ScimView(View):
    """Answers in English, whatever the browser: programs read it, and the admins of identity providers.

    ``ScopeMiddleware`` has opened the scope of the token's workspace. An error writes nothing.
    """

    http_method_names = ["get", "post", "put", "patch", "delete"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override("en"):
            try:
                self.token = get_token(request)
                return self._answer(request, *args, **kwargs)
            except ScimError as error:
                return self._refuse(error)
            except DomainError as error:
                return self._refuse(ScimError(str(error.message), status=error.status))

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        handler: Callable[..., HttpResponseBase] | None = getattr(self, (request.method or "").lower(), None)
        if handler is None or (request.method or "").lower() not in self.http_method_names:
            response = answer(ScimError("This address has no such method.", status=405).as_body(), status=405)
            response["Allow"] = ", ".join(
                sorted(name.upper() for name in self.http_method_names if hasattr(self, name))
            )
            return response
        return handler(request, *args, **kwargs)

    def _refuse(self, error: ScimError) -> HttpResponse:
        transaction.set_rollback(True)
        response = answer(error.as_body(), status=error.status)
        if error.status == 401:
            response["WWW-Authenticate"] = 'Bearer realm="SCIM"'
        if error.status == 429:
            response["Retry-After"] = "600"
        return response

    @property
    def base(self) -> str:
        """The address of this workspace's directory, without a slash at its end."""
        return absolute_url(f"/scim/v2/{self.token.workspace.slug}")

    def read_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            return BoundedJSONParser().parse(
                io.BytesIO(request.body), parser_context={"encoding": settings.DEFAULT_CHARSET}
            )
        except ParseError as error:
            raise ScimError(str(error.detail), kind="invalidSyntax") from None


def get_token(request: HttpRequest) -> ScimToken:
    token: ScimToken | None = getattr(request, "directory_token", None)
    if token is None:
        raise ScimError("This token is missing, unknown, expired or revoked.", status=401)
    return token


def answer(body: Mapping[str, Any] | None, *, status: int = 200, version: str = "") -> HttpResponse:
    """Return a response of the RFC's media type, without a body for 204 and 304."""
    if body is None:
        response = HttpResponse(status=status)
        response.headers.pop("Content-Type", None)
    else:
        response = JsonResponse(dict(body), status=status, json_dumps_params={"ensure_ascii": False})
        response["Content-Type"] = MEDIA_TYPE
    if version:
        response["ETag"] = version
    return response


def read_ask(values: Mapping[str, Any]) -> Ask:
    """Return what a client asks of a list. Raises ScimError ``invalidValue`` for a number that is none."""
    count = values.get("count")
    return Ask(
        filter=str(values.get("filter") or "").strip(),
        start=_read_number(values.get("startIndex", 1), "startIndex"),
        count=None if count is None else _read_number(count, "count"),
        sort_by=str(values.get("sortBy") or ""),
        is_descending=str(values.get("sortOrder") or "").lower() == "descending",
    )


def _read_number(value: Any, name: str) -> int:
    try:
        return max(min(int(str(value)), 10**9), -1)
    except ValueError:
        raise ScimError(f"{name} must be a whole number.", kind="invalidValue") from None


def choose_attributes(resource: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource with the attributes that were asked for (RFC 7644, section 3.9)."""
    wanted, unwanted = _read_names(values.get("attributes")), _read_names(values.get("excludedAttributes"))
    always = {"schemas", "id"}
    if wanted:
        return _pick(resource, wanted, always)
    if not unwanted:
        return resource
    kept = {}
    for name, value in resource.items():
        if name in always or name.lower() not in unwanted:
            kept[name] = _drop_parts(name, value, unwanted)
    return kept


def _pick(resource: dict[str, Any], wanted: set[str], always: set[str]) -> dict[str, Any]:
    kept = {}
    for name, value in resource.items():
        lowered = name.lower()
        parts = {one[len(lowered) + 1 :] for one in wanted if one.startswith((f"{lowered}.", f"{lowered}:"))}
        if name in always or lowered in wanted:
            kept[name] = value
        elif parts:
            kept[name] = _pick_parts(value, parts)
    return kept


def _pick_parts(value: Any, parts: set[str]) -> Any:
    if isinstance(value, list):
        return [_pick_parts(one, parts) for one in value]
    if isinstance(value, dict):
        heads = {part.partition(".")[0] for part in parts}
        return {name: inner for name, inner in value.items() if name.lower() in heads}
    return value


def _drop_parts(name: str, value: Any, unwanted: set[str]) -> Any:
    lowered = name.lower()
    parts = {one[len(lowered) + 1 :] for one in unwanted if one.startswith((f"{lowered}.", f"{lowered}:"))}
    if not parts:
        return value
    if isinstance(value, list):
        return [_drop_parts(name, one, unwanted) for one in value]
    return (
        {key: inner for key, inner in value.items() if key.lower() not in parts}
        if isinstance(value, dict)
        else value
    )


def _read_names(value: Any) -> set[str]:
    names = value if isinstance(value, list) else str(value or "").split(",")
    found = {str(name).strip().lower() for name in names if str(name).strip()}
    core = ("urn:ietf:params:scim:schemas:core:2.0:user:", "urn:ietf:params:scim:schemas:core:2.0:group:")
    return {next((name[len(urn) :] for urn in core if name.startswith(urn)), name) for name in found}


def require_version(request: HttpRequest, version: str) -> None:
    """Raise ScimError (412) when If-Match names another version than the present one."""
    wanted = request.headers.get("If-Match", "").strip()
    if wanted and wanted != "*" and not _names_version(wanted, version):
        raise ScimError("The resource was changed meanwhile. Read it again.", status=412)


def is_unchanged(request: HttpRequest, version: str) -> bool:
    """Whether If-None-Match names the present version."""
    known = request.headers.get("If-None-Match", "").strip()
    return bool(known) and (known == "*" or _names_version(known, version))


def _names_version(header: str, version: str) -> bool:
    bare = version.removeprefix("W/")
    return any(one.strip().removeprefix("W/") == bare for one in header.split(","))
