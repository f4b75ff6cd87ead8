"""The CSRF check of every page, and redirects."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.isolation.database_state import ChangeDetector
from tests.isolation.matrix import (
    ROUTES,
    list_parts_with_unsafe_rows,
    list_unsafe_rows,
    pick_allowed_actor,
)
from tests.isolation.requests import build_path, get_own_ids, send
from tests.isolation.streams import StreamClient
from tests.isolation.world import World
from tests.support.grouping import Cases

pytestmark = pytest.mark.django_db
changes = ChangeDetector()
# The request of the session that it answers stands in for the token (tests/workspaces/test_company_saml.py);
# here nobody has made one, and Alpha has no such connection.
SENT_BY_OTHER_SITES = {"workspaces:company-saml-consume"}


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

            assert answer.status_code == (404 if row.name in SENT_BY_OTHER_SITES else 403)
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
