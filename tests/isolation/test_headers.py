"""Headers of every response, and the CSRF check of every page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.isolation.database_state import ChangeDetector
from tests.isolation.grouping import Cases
from tests.isolation.matrix import (
    PARTS,
    ROUTES,
    list_parts_with_unsafe_rows,
    list_unsafe_rows,
    pick_allowed_actor,
)
from tests.isolation.requests import ask, build_path, get_own_ids, read_body, send
from tests.isolation.rows.row import Row
from tests.isolation.streams import StreamClient
from tests.isolation.world import World

pytestmark = pytest.mark.django_db
changes = ChangeDetector()


@pytest.mark.parametrize("part", PARTS)
def test_responses_have_strict_headers_and_are_not_cached(part: str, world: World) -> None:
    """Pages have a strict content security policy; personal responses are not cached."""
    cases = Cases()
    for row in PARTS[part]:
        if "GET" not in row.methods:
            continue
        for actor in sorted({pick_allowed_actor(row), "stranger", "anonymous"}):
            with cases.run(f"{row.name} x {actor}"):
                check_headers(row, actor, world)
    cases.check()


def check_headers(row: Row, actor: str, world: World) -> None:
    answer = ask(world, row, actor, "GET", get_own_ids(row, world))
    caching = answer.headers.get("Cache-Control", "")
    if answer.headers.get("Content-Type", "").startswith("text/html") and read_body(answer):
        assert_strict(answer.headers["Content-Security-Policy"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    is_impersonal = row.name in ("gpts:icon-show", "gpts:icon-drawn", "workspaces:logo-show")
    if actor != "anonymous" and not is_impersonal:
        assert "no-store" in caching
        assert "public" not in caching
    if answer.cookies:
        assert "no-store" in caching, "a response with a cookie must not be cached"


def assert_strict(policy: str) -> None:
    rules = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    script = rules.get("script-src", rules.get("default-src", ["*"]))
    style = rules.get("style-src", rules.get("default-src", ["*"]))
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:", "data:"} & {*script, *style}
    assert rules.get("object-src", rules.get("default-src")) == ["'none'"]
    assert rules.get("base-uri", ["'none'"]) == ["'none'"]
    for name in ("default-src", "connect-src", "img-src", "form-action", "frame-ancestors"):
        if name in rules:
            assert not [source for source in rules[name] if source.startswith("http") or source == "*"], name


@pytest.mark.parametrize("part", list_parts_with_unsafe_rows(is_api=False))
def test_no_page_changes_anything_without_a_csrf_token(part: str, world: World) -> None:
    cases = Cases()
    for row, method in list_unsafe_rows(part, is_api=False):
        with cases.run(f"{row.name} x {method}"):
            changes.start()
            route, actor = ROUTES[row.name], pick_allowed_actor(row)
            kind: Any = StreamClient if route.is_async else Client
            client = kind(enforce_csrf_checks=True)
            client.cookies["loggia_session"] = world.sessions[actor]
            path = build_path(row, get_own_ids(row, world))

            answer = send(client, method, path, row.data(world), {}, is_json=False)

            assert answer.status_code == 403
            assert changes.list_changed() == []
    cases.check()


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "https:evil.test", "javascript:alert(1)"]
)
def test_no_redirect_leads_to_another_site(target: str, world: World) -> None:
    client = Client()
    client.cookies["loggia_session"] = world.sessions["stranger"]
    for path, body in (
        ("/preferences/theme", {"theme": "dark"}),
        ("/preferences/language", {"language": "en"}),
        ("/accounts/login/", {}),
        ("/accounts/logout/", {}),
    ):
        answer = client.post(f"{path}?next={target}", body | {"next": target})
        location = answer.headers.get("Location", "/")
        assert location.startswith("/"), path
        assert not location.startswith(("//", "/\\")), path
        client.cookies["loggia_session"] = world.sessions["stranger"]
    page = Client().get("/accounts/login/", {"next": target})
    assert f'href="{target}'.encode() not in page.content
