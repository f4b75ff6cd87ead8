"""The address that a public GPT was approved with stays: on the page, by API, service and raw SQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from core.errors import Conflict, InvalidInput
from core.models import AuditEvent
from gpts.assistants.models import GPT
from gpts.assistants.queries.approved_addresses import list_gpts_approved_with
from gpts.assistants.services.model_retirement import set_retirement
from gpts.assistants.services.versions import clear_live_version, set_live_version
from gpts.assistants.states import Audience
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.catalogue import ProviderChange, change_provider
from gpts.llm.states import ModelChoice
from tests.support.api_client import create_key, get_bearer_header
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.llm import ADDRESS, LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

EVIL = "https://evil.example.com/v1"


def create_live_gpt(audience: Audience = Audience.PUBLIC, **fields: Any) -> tuple[GPT, LanguageModel]:
    """A GPT with a model of its workspace's own provider, live for an audience."""
    ada = UserFactory.create()
    company = create_company(ada)
    model = LanguageModelFactory.create(by=ada, provider=ProviderFactory.create(by=ada, workspace=company))
    values = {"language_model": model, "model_choice": ModelChoice.FIXED} | fields
    gpt = GPTFactory.create(owner=ada, workspace=company, **values)
    set_live_version(gpt=gpt, version=VersionFactory.create(gpt=gpt), audience=audience, at=NOW)
    return gpt, model


def move(provider: ModelProvider, url: str, by: Any) -> ModelProvider:
    return change_provider(provider=provider, change=ProviderChange(base_url=url, key="k"), by=by, at=NOW)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"language_model": None},
        {"language_model": None, "model_choice": ModelChoice.ANY},
    ],
    ids=["its own model", "the default model", "any model"],
)
def test_the_address_of_a_public_gpt_stays(fields: dict[str, Any]) -> None:
    gpt, model = create_live_gpt(**fields)

    with pytest.raises(Conflict) as refused:
        move(model.provider, EVIL, gpt.owner)

    assert (refused.value.code, refused.value.field) == ("address_approved", "base_url")
    model.provider.refresh_from_db()
    assert model.provider.base_url == ADDRESS
    assert not AuditEvent.objects.filter(action="gpts.provider_changed").exists()
    assert list_gpts_approved_with(model.provider) == [gpt]


def test_raw_sql_is_refused_too() -> None:
    _gpt, model = create_live_gpt()

    with transaction.atomic(), connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match="approved_address"):
            cursor.execute("UPDATE gpts_modelprovider SET base_url = %s", [EVIL])
        transaction.set_rollback(True)

    assert ModelProvider.objects.get(pk=model.provider_id).base_url == ADDRESS


@pytest.mark.parametrize("audience", [Audience.WORKSPACE, Audience.LINK])
def test_versions_that_nobody_approved_follow_the_new_address(audience: Audience) -> None:
    gpt, model = create_live_gpt(audience)

    moved = move(model.provider, EVIL, gpt.owner)

    assert moved.base_url == EVIL
    event = AuditEvent.objects.get(action="gpts.provider_changed")
    assert event.data["changes"]["base_url"] == [ADDRESS, EVIL]


def test_another_path_of_the_same_host_is_allowed_and_a_model_that_nobody_uses() -> None:
    gpt, model = create_live_gpt()
    unused = ProviderFactory.create(by=gpt.owner, workspace=gpt.workspace, name="Unused")

    assert move(model.provider, ADDRESS.replace("/v1", "/v2"), gpt.owner).base_url.endswith("/v2")
    assert move(unused, EVIL, gpt.owner).base_url == EVIL


def test_after_the_gpt_left_the_store_the_address_may_change() -> None:
    gpt, model = create_live_gpt()
    clear_live_version(gpt=gpt, audience=Audience.PUBLIC, at=NOW)

    assert move(model.provider, EVIL, gpt.owner).base_url == EVIL


def test_a_replacement_at_another_address_is_refused_for_public_gpts() -> None:
    gpt, model = create_live_gpt()
    other = ProviderFactory.create(by=gpt.owner, workspace=gpt.workspace, name="Other")
    move(other, EVIL, gpt.owner)
    there = LanguageModelFactory.create(by=gpt.owner, provider=other)
    here = LanguageModelFactory.create(by=gpt.owner, provider=model.provider)
    end = NOW + timedelta(days=30)

    with pytest.raises(InvalidInput) as refused:
        set_retirement(model=model, retired_at=end, replacement=there, by=gpt.owner, at=NOW)
    model.refresh_from_db()
    assert (refused.value.code, model.retired_at) == ("address_approved", None)

    saved = set_retirement(model=model, retired_at=end, replacement=here, by=gpt.owner, at=NOW)
    assert saved.replacement == here


def test_the_page_says_it_beforehand_and_refuses() -> None:
    gpt, model = create_live_gpt()
    client = sign_in(gpt.owner)
    url = reverse("gpts:workspace-provider-change", args=[gpt.workspace.slug, model.provider_id])

    shown = client.get(url).content.decode()
    answer = client.post(
        url, {"name": "House", "kind": "responses", "base_url": EVIL, "key": "k", "is_enabled": "on"}
    )

    assert "1 public GPT was approved with this address" in shown
    assert gpt.name in shown
    assert answer.status_code == 400
    assert "Public GPTs were approved with this address." in answer.content.decode()
    assert ModelProvider.objects.get(pk=model.provider_id).base_url == ADDRESS


def test_the_api_refuses() -> None:
    gpt, model = create_live_gpt()
    workspace: Workspace = gpt.workspace
    key = create_key(gpt.owner, "account", workspace=workspace)

    answer = sign_in(gpt.owner).patch(
        f"/api/v1/workspaces/{workspace.slug}/model-providers/{model.provider_id}",
        {"base_url": EVIL, "key": "k"},
        content_type="application/json",
        headers=get_bearer_header(key),
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "address_approved")
    assert ModelProvider.objects.get(pk=model.provider_id).base_url == ADDRESS
