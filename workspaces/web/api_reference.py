"""The API reference as a page, and the OpenAPI document that it is made from."""

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

from core.links import absolute_url
from workspaces.states import ApiScope
from workspaces.web.public import public_page

# Titles of the tags of the OpenAPI document, the first segment of the path; others are capitalised.
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
class Section:
    """The operations of one tag."""

    name: str
    title: Any
    operations: tuple[Operation, ...]


@public_page
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    scopes = [(scope.value, scope.label) for scope in ApiScope]
    context = {"parts": list_sections(), "scopes": scopes, "base_url": absolute_url("")}
    return render(request, "workspaces/api_reference.html", context)


@public_page
@require_safe
def document(request: HttpRequest, form: str) -> HttpResponse:
    """The OpenAPI document itself, as YAML or JSON."""
    if form == "json":
        return HttpResponse(json.dumps(read_document(), ensure_ascii=False), content_type="application/json")
    return HttpResponse(_read_text(), content_type="application/yaml; charset=utf-8")


@lru_cache(maxsize=1)
def _read_text() -> str:
    return (settings.BASE_DIR / "docs" / "openapi.yaml").read_text("utf-8")


@lru_cache(maxsize=1)
def read_document() -> dict[str, Any]:
    """Return the committed document; CI checks that it matches the code."""
    # The loader in C takes a tenth of the time; installations of PyYAML from source may lack it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(_read_text(), loader)  # noqa: S506 - both loaders are safe
    return document


@lru_cache(maxsize=1)
def list_sections() -> tuple[Section, ...]:
    by_name: dict[str, list[Operation]] = {}
    for name, operation in _operations(read_document()["paths"]):
        by_name.setdefault(name, []).append(operation)
    return tuple(
        Section(name, TITLES.get(name, name.capitalize()), tuple(found))
        for name, found in sorted(by_name.items())
    )


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in paths.items():
        for method in METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            description = " ".join(operation.get("description", "").split())
            summary = (
                operation.get("summary")
                or description.split(". ")[0].rstrip(".")
                or operation["operationId"].replace("_", " ").capitalize()
            )
            yield (
                operation.get("tags", ["other"])[0],
                Operation(
                    method=method.upper(),
                    path=path,
                    summary=summary,
                    detail=description.removeprefix(summary).lstrip(". ").replace("`", ""),
                    scope=operation.get("x-required-scope", ""),
                    parameters=tuple(
                        parameter["name"]
                        for parameter in operation.get("parameters", ())
                        if parameter["in"] == "query"
                    ),
                ),
            )
