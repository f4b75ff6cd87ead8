"""The API for people to read, and the document that it is drawn from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from workspaces.states import ApiScope
from workspaces.web.public import public_page

# The first word of an address, as people call that part; others are shown as they are.
TITLES = {
    "conversations": _("Conversations"),
    "earnings": _("Earnings"),
    "finance": _("Finance"),
    "gpts": _("GPTs"),
    "me": _("Account"),
    "models": _("Models"),
    "reviews": _("Moderation"),
    "store": _("Store"),
    "workspaces": _("Workspaces"),
}
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one path, as a row of the page."""

    method: str
    path: str
    summary: str
    detail: str
    scope: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """The operations of one part of the product."""

    name: str
    title: Any
    operations: tuple[Operation, ...]


@public_page
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    scopes = [(scope.value, scope.label) for scope in ApiScope]
    context = {"parts": parts(), "scopes": scopes, "base_url": settings.BASE_URL}
    return render(request, "workspaces/api_reference.html", context)


@public_page
@require_safe
def document(request: HttpRequest, form: str) -> HttpResponse:
    """The OpenAPI document itself, as YAML or JSON."""
    if form == "json":
        return HttpResponse(json.dumps(read(), ensure_ascii=False), content_type="application/json")
    return HttpResponse(_text(), content_type="application/yaml; charset=utf-8")


@lru_cache(maxsize=1)
def _text() -> str:
    return (settings.BASE_DIR / "docs" / "openapi.yaml").read_text("utf-8")


@lru_cache(maxsize=1)
def read() -> dict[str, Any]:
    """Return the committed document, which the build compares with the code."""
    found: dict[str, Any] = yaml.safe_load(_text())
    return found


@lru_cache(maxsize=1)
def parts() -> tuple[Part, ...]:
    by_name: dict[str, list[Operation]] = {}
    for name, operation in _operations(read()["paths"]):
        by_name.setdefault(name, []).append(operation)
    return tuple(
        Part(name, TITLES.get(name, name.capitalize()), tuple(found))
        for name, found in sorted(by_name.items())
    )


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in paths.items():
        for method in METHODS:
            if method not in methods:
                continue
            found = methods[method]
            told = " ".join(found.get("description", "").split())
            summary = found.get("summary") or told.split(". ")[0].rstrip(".") or _words(found["operationId"])
            yield (
                found.get("tags", ["other"])[0],
                Operation(
                    method=method.upper(),
                    path=path,
                    summary=summary,
                    detail=told.removeprefix(summary).lstrip(". ").replace("`", ""),
                    scope=found.get("x-required-scope", ""),
                    parameters=tuple(
                        parameter["name"]
                        for parameter in found.get("parameters", ())
                        if parameter["in"] == "query"
                    ),
                ),
            )


def _words(identifier: str) -> str:
    return identifier.replace("_", " ").capitalize()
