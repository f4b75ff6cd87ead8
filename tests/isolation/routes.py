"""Lists every route of the URL configuration with the methods of its view."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# Methods of views that do not declare theirs.
DEFAULT_METHODS = frozenset({"GET", "POST"})
IGNORED_METHODS = {"HEAD", "OPTIONS", "TRACE"}


@dataclass(frozen=True)
class Route:
    """A URL pattern. ``name`` includes the namespaces; a route without a name has its path instead."""

    name: str
    path: str
    view: Callable[..., Any]
    methods: frozenset[str]

    @property
    def is_api(self) -> bool:
        return self.path.startswith(("api/v1/", "v1/", "scim/v2/"))

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.view) or getattr(self.view, "is_chat_view", False)


def list_routes() -> list[Route]:
    return list(_walk(get_resolver(), (), ""))


def _walk(resolver: URLResolver, spaces: tuple[str, ...], prefix: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            name = ":".join((*spaces, entry.name)) if entry.name else path
            yield Route(name, path, entry.callback, find_methods(entry.callback))
        else:
            space = (entry.namespace,) if entry.namespace else ()
            yield from _walk(entry, (*spaces, *space), path)


def find_methods(view: Any) -> frozenset[str]:
    kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if kind is not None:
        named = {name.upper() for name in kind.http_method_names if hasattr(kind, name)}
    else:
        named = set(_read_declared_methods(view) or DEFAULT_METHODS)
    return frozenset(named - IGNORED_METHODS)


def _read_declared_methods(view: Any) -> list[str] | None:
    """Return the argument of require_http_methods, which may be under other decorators."""
    while view is not None:
        code = getattr(view, "__code__", None)
        if code is not None and "request_method_list" in code.co_freevars:
            cell = view.__closure__[code.co_freevars.index("request_method_list")]
            methods: list[str] = list(cell.cell_contents)
            return methods
        view = getattr(view, "__wrapped__", None)
    return None
