"""/operator/: one entry in the header, the pages beside it, what needs attention in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.operator_overview import list_attention
from gpts.llm.models import FailedCall
from tests.support.companies import create_company
from tests.support.factories.llm import LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.people import create_person
from workspaces.models import Erasure
from workspaces.services.leaving import delete_workspace

pytestmark = pytest.mark.django_db


def test_the_console_is_for_operators_and_has_one_entry_in_the_header(client: Client) -> None:
    assert client.get("/operator/").status_code == 404
    client.force_login(UserFactory.create())
    assert client.get("/operator/").status_code == 404
    client.force_login(create_person("Olga", "operator"))

    page = client.get("/operator/")

    assert page.status_code == 200
    assert [entry.label for entry in page.context["nav"]] == [
        "Store",
        "Chats",
        "Build",
        "Earnings",
        "Operator",
    ]
    for path in ("/operator/people", "/operator/staff", "/operator/models", "/operator/health"):
        assert f'href="{path}"' in page.content.decode()


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/operator/", "/operator/"),
        ("/operator/people", "/operator/people"),
        ("/operator/models/providers/new", "/operator/models"),
    ],
)
def test_the_page_that_is_shown_is_marked(path: str, current: str) -> None:
    client = Client()
    client.force_login(create_person("Olga", "operator"))
    page = " ".join(client.get(path).content.decode().split())
    assert page.count(f'class="admin-nav__link" href="{current}" aria-current="page"') == 2  # wide and folded


def test_what_fails_or_waits_is_named_with_its_page() -> None:
    now = timezone.now()
    owner = UserFactory.create()
    provider = ProviderFactory.create(name="Atlas", by=owner)
    model, old = (
        LanguageModelFactory.create(provider=provider, label=label, by=owner)
        for label in ("Atlas large", "Atlas old")
    )
    for one, moment in ((model, now), (old, now - timedelta(days=3))):
        FailedCall.objects.create(model=one, code="bad_key", first_at=moment, last_at=moment)
    company = create_company(owner)
    delete_workspace(workspace=company, confirmation=company.name, by=owner, at=now)
    Erasure.objects.update(requested_at=now - timedelta(days=2))

    found = {one.title: (one.text, one.url) for one in list_attention(at=now)}

    assert found["Atlas large of Atlas failed"] == (
        "Provider refused the key",
        f"/operator/models/{model.pk}",
    )
    assert "Atlas old of Atlas failed" not in found
    assert found["Erasures wait"][0] == ("1 erasure was asked for more than a day ago and has not finished.")


def test_servers_that_are_down_come_first(settings: pytest.FixtureRequest, tmp_path: object) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"  # type: ignore[attr-defined]  # pytest-django's
    found = list_attention(at=timezone.now())
    assert (found[0].kind, found[0].title, found[0].text) == (
        "bad",
        "Queue and streams (Redis)",
        "It does not answer.",
    )
