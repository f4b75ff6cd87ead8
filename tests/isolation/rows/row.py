"""Rows of the route matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.isolation.world import ACTORS, World

EVERYBODY = frozenset(ACTORS)
PEOPLE = EVERYBODY - {"anonymous"}
OPERATOR = frozenset({"operator"})
NOBODY: frozenset[str] = frozenset()
OWNER = frozenset({"owner"})
ADMINS = frozenset({"owner", "admin"})
ALPHA = frozenset({"owner", "admin", "member"})
MEMBER = frozenset({"member"})
MODERATOR = frozenset({"moderator"})
FINANCE = frozenset({"finance"})

Body = Mapping[str, Any] | Callable[[World], Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """A route with the expected outcome: ``who`` may use it, ``forbidden`` get 403, all others 404.

    ``ids`` maps the URL's arguments to names of the world's ids, all of the owner's objects. ``anonymous`` is
    the outcome for visitors who are not in ``who``: "login", "missing" or "refused" (401 of the API).
    ``key`` names the owner's key if it is not the one for their personal workspace, ``scope`` is the scope
    that a key needs ("" for none).
    """

    name: str
    who: frozenset[str]
    methods: tuple[str, ...] = ("GET",)
    ids: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    body: Body = field(default_factory=dict)
    query: str = ""
    forbidden: frozenset[str] = NOBODY
    anonymous: str = "login"
    key: str = "owner"
    scope: str = ""
    is_json: bool = False
    # The object is public or its id is no secret: a refusal may reveal that it exists.
    is_public: bool = False
    # The outcome for everybody.
    always: str = ""

    def outcome(self, actor: str) -> str:
        if self.always:
            return self.always
        if actor in self.who:
            return "in"
        if actor in self.forbidden:
            return "forbidden"
        return self.anonymous if actor == "anonymous" else "missing"

    def data(self, world: World) -> Mapping[str, Any]:
        return self.body(world) if callable(self.body) else self.body


def page(name: str, who: frozenset[str], methods: str = "GET", **rest: Any) -> Row:
    return Row(name, who, tuple(methods.split()), **rest)


def staff_page(name: str, who: frozenset[str], methods: str = "GET", **rest: Any) -> Row:
    """Return a row where all others, visitors included, get the page of an unknown address."""
    return Row(name, who, tuple(methods.split()), anonymous="missing", **rest)


def api(name: str, who: frozenset[str], scope: str, methods: str = "GET", **rest: Any) -> Row:
    return Row(name, who, tuple(methods.split()), anonymous="refused", scope=scope, is_json=True, **rest)
