"""A01, T29, X06: what every answer carries, and what no unsafe request can do without its token."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.isolation.asking import (
    ask,
    body_of,
    get_case_name,
    get_permitted_person,
    list_unsafe_rows,
    own_ids,
    path_of,
    send,
)
from tests.isolation.fingerprint import Unchanged
from tests.isolation.matrix import ROUTES, ROWS
from tests.isolation.rows.row import Row
from tests.isolation.streams import StreamClient
from tests.isolation.world import World

pytestmark = pytest.mark.django_db
# Sign-in by a script of another origin is what these answer themselves.
GETS = [row for row in ROWS if "GET" in row.methods]
unchanged = Unchanged()


@pytest.mark.parametrize("row", GETS, ids=lambda row: row.name)
def test_pages_carry_their_policy_and_stay_out_of_caches(row: Row, world: World) -> None:
    """X06, T29"""
    for actor in {get_permitted_person(row), "stranger", "anonymous"}:
        answer = ask(world, row, actor, "GET", own_ids(row, world))
        caching = answer.headers.get("Cache-Control", "")
        if answer.headers.get("Content-Type", "").startswith("text/html") and body_of(answer):
            assert_strict(answer.headers["Content-Security-Policy"])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        is_of_nobody = row.name == "gpts:icon-show"
        if actor != "anonymous" and not is_of_nobody:
            assert "no-store" in caching, (actor, caching)
            assert "public" not in caching
        if answer.cookies:
            assert "no-store" in caching, "a cookie must not be cached"


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


@pytest.mark.parametrize("target", list_unsafe_rows(is_api=False), ids=get_case_name)
def test_no_page_changes_anything_without_the_token(target: tuple[Row, str], world: World) -> None:
    """A01"""
    row, method = target
    route, actor = ROUTES[row.name], get_permitted_person(row)
    unchanged.start()
    kind: Any = StreamClient if route.is_async else Client
    client = kind(enforce_csrf_checks=True)
    client.cookies["loggia_session"] = world.sessions[actor]

    answer = send(client, method, path_of(row, own_ids(row, world)), row.data(world), {}, is_json=False)

    assert answer.status_code == 403
    assert unchanged.changed() == []


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "https:evil.test", "javascript:alert(1)"]
)
def test_no_door_leads_to_another_site(target: str, world: World) -> None:
    """O11"""
    client = Client()
    client.cookies["loggia_session"] = world.sessions["stranger"]
    for path, body in (
        ("/preferences/theme", {"theme": "dark"}),
        ("/preferences/language", {"language": "en"}),
        ("/accounts/login/", {}),
        ("/accounts/logout/", {}),
    ):
        answer = client.post(f"{path}?next={target}", body | {"next": target})
        place = answer.headers.get("Location", "/")
        assert place.startswith("/"), path
        assert not place.startswith(("//", "/\\")), path
        client.cookies["loggia_session"] = world.sessions["stranger"]
    page = Client().get("/accounts/login/", {"next": target})
    assert f'href="{target}'.encode() not in page.content
