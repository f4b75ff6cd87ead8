"""The API reference shows every operation of the OpenAPI document with its scope."""

from __future__ import annotations

import re

import pytest
import yaml
from django.conf import settings
from django.test import Client

from tests.support.factories.workspaces import UserFactory
from workspaces.web.api_reference import METHODS, list_sections

pytestmark = pytest.mark.django_db


def test_every_operation_is_on_the_page_with_its_scope(client: Client) -> None:
    document = yaml.safe_load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text("utf-8"))
    wanted = {
        (method.upper(), path, operation.get("x-required-scope", ""))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }

    page = client.get("/api/").content.decode()
    shown = {(one.method, one.path, one.scope) for part in list_sections() for one in part.operations}

    assert shown == wanted
    assert ("GET", "/api/v1/store/listings/", "store:read") in shown
    assert all(one.scope for part in list_sections() for one in part.operations)
    assert page.count('<code class="api-path">/api/v1/') == len(wanted)
    assert "<title>API · Loggia</title>" in page


def test_the_document_is_served_as_yaml_and_json(client: Client) -> None:
    as_yaml, as_json = client.get("/api/openapi.yaml"), client.get("/api/openapi.json")

    assert yaml.safe_load(as_yaml.content) == as_json.json()
    assert as_json.json()["openapi"].startswith("3.")
    assert client.get("/api/openapi.xml").status_code == 404
    assert client.post("/api/").status_code == 405


def test_the_page_knows_the_signed_in_person(client: Client) -> None:
    client.force_login(UserFactory.create(display_name="Ann"))

    page = client.get("/api/").content.decode()

    assert "Ann" in page
    assert "/accounts/login/" not in page


def test_the_links_of_the_footer_exist(client: Client) -> None:
    footer = re.search(r'<footer class="site-footer">.*?</footer>', client.get("/").content.decode(), re.S)
    assert footer is not None

    links = re.findall(r'href="([^"]+)"', footer[0])

    assert links == ["/", "/leaderboards", "/build/", "/api/", "/rules"]
    assert {client.get(link, follow=True).status_code for link in links} == {200}
