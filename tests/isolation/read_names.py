"""Which names of a query string or a body the views read; values of other names make no difference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.http import QueryDict

from workspaces.api.parsers import BoundedJSONParser

# Methods that read one name, and methods after which every name counts as read. ``lists`` counts as none: the
# middleware looks with it for NUL characters, and whether a visitor's page may be cached.
ONE_NAME = ("__getitem__", "__contains__", "get", "getlist", "pop", "setdefault")
ALL_NAMES = ("__iter__", "keys", "values", "items")


class JSONObject(dict[str, Any]):
    """A JSON object whose methods ``record_read_names`` replaces."""


@contextmanager
def record_read_names() -> Iterator[set[str]]:
    """Collect the names that views read from ``request.GET``, ``request.POST`` and bodies of the API."""
    read: set[str] = set()
    parse = BoundedJSONParser.parse
    with pytest.MonkeyPatch.context() as patch:
        for kind, more in ((QueryDict, ("dict",)), (JSONObject, ())):
            for name in ONE_NAME:
                if hasattr(kind, name):
                    patch.setattr(kind, name, _record_name(read, getattr(kind, name)), raising=False)
            for name in (*ALL_NAMES, *more):
                patch.setattr(kind, name, _record_all(read, getattr(kind, name)), raising=False)
        patch.setattr(
            BoundedJSONParser, "parse", lambda *arguments, **rest: JSONObject(parse(*arguments, **rest))
        )
        yield read


def _record_name(read: set[str], method: Any) -> Any:
    def call(self: Any, name: str, *arguments: Any, **rest: Any) -> Any:
        if not getattr(self, "_mutable", False):  # a mutable one is being parsed, or is a copy
            read.add(name)
        return method(self, name, *arguments, **rest)

    return call


def _record_all(read: set[str], method: Any) -> Any:
    def call(self: Any, *arguments: Any, **rest: Any) -> Any:
        if not getattr(self, "_mutable", False):
            read.update(dict.keys(self))
        return method(self, *arguments, **rest)

    return call
