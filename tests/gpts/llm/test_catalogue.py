"""Changing the model catalogue: keys stay secret, and a workspace's models are for it alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from core.errors import InvalidInput
from core.models import AuditEvent
from gpts.assistants.services.drafts import clean_draft
from gpts.llm.catalogue import get_usable_model, is_offered, list_model_choices, list_offered_models
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.catalogue import ProviderChange, change_model, change_provider, create_provider
from gpts.llm.services.probe import probe_provider, request_test
from gpts.llm.services.providers import get_provider_key
from tests.fakes.openai_server import BAD_KEY, ModelServer
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.llm import ADDRESS, CANARY, LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.outbound import run_outbound_jobs
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Member
from workspaces.services.staff import grant_staff_role

pytestmark = pytest.mark.django_db


def test_an_admin_adds_a_provider_and_its_key_is_never_shown(provider: ModelServer) -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    client = sign_in(ada)
    url = reverse("gpts:workspace-provider-new", args=[company.slug])

    answer = client.post(
        url, {"name": "House", "kind": "chat_completions", "base_url": provider.url, "key": CANARY}
    )

    row = ModelProvider.objects.get(workspace=company)
    page = reverse("gpts:workspace-provider-change", args=[company.slug, row.pk])
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert get_provider_key(row) == CANARY
    assert CANARY not in row.sealed_key
    assert CANARY not in client.get(page).content.decode()
    event = AuditEvent.objects.get(action="gpts.provider_added")
    assert (event.workspace_id, event.actor_id) == (company.pk, ada.pk)
    assert CANARY not in str(event.data)


def test_connection_test_lists_models_to_import(provider: ModelServer) -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    row = ProviderFactory.create(by=ada, workspace=company, base_url=provider.url)
    client = sign_in(ada)

    test = reverse("gpts:workspace-provider-test", args=[company.slug, row.pk])
    page = reverse("gpts:workspace-provider-change", args=[company.slug, row.pk])
    tested = client.post(test)
    waiting = client.get(page).content.decode()
    assert run_outbound_jobs() == 1
    shown = client.get(test, headers={"HX-Request": "true"}).content.decode()
    client.post(
        reverse("gpts:workspace-provider-import", args=[company.slug, row.pk]), {"names": ["normal", "echo"]}
    )

    assert tested["Location"] == page
    assert "is being tested" in waiting
    assert "every 1s" in waiting
    assert "The connection works: echo answers by OpenAI Chat Completions." in shown
    assert "every 1s" not in shown
    assert set(row.models.values_list("name", flat=True)) == {"normal", "echo"}
    assert row.models.filter(is_default=True).count() == 1


@pytest.mark.parametrize(
    ("url", "key", "code", "words"),
    [
        ("", BAD_KEY, "bad_key", "refuses the key"),
        ("/elsewhere", CANARY, "no_list", "not a model server"),
    ],
)
def test_a_failed_connection_test_says_why(
    provider: ModelServer, url: str, key: str, code: str, words: str
) -> None:
    ada = UserFactory.create()
    change = ProviderChange("House", "responses", provider.url + url, key)
    row = create_provider(workspace=create_company(ada), change=change, by=ada, at=NOW)

    probe = probe_provider(row, key=key)

    assert (probe.is_ok, probe.code) == (False, code)
    assert words in probe.message
    assert key not in probe.message


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/v1", "https://10.0.0.8/v1", "http://models.example.com/v1", "https://localhost/v1",
     "https://169.254.169.254/v1", "ftp://models.example.com", "https://user@models.example.com/v1"],
)  # fmt: skip
def test_workspaces_may_not_use_private_addresses(url: str) -> None:
    ada = UserFactory.create()
    company = create_company(ada)

    with pytest.raises(InvalidInput) as refused:
        create_provider(
            workspace=company, change=ProviderChange("House", "responses", url, ""), by=ada, at=NOW
        )

    assert refused.value.field == "base_url"
    assert not ModelProvider.objects.filter(workspace=company).exists()


def test_changing_the_address_requires_the_key_again() -> None:
    ada = UserFactory.create()
    row = ProviderFactory.create(by=ada, workspace=create_company(ada))

    with pytest.raises(InvalidInput) as refused:
        change_provider(
            provider=row, change=ProviderChange(base_url="https://evil.example.com/v1"), by=ada, at=NOW
        )

    row.refresh_from_db()
    assert (refused.value.code, refused.value.field) == ("key_again", "key")
    assert (row.base_url, get_provider_key(row)) == (ADDRESS, CANARY)


def test_a_workspaces_model_never_answers_for_another() -> None:
    ada, eve = UserFactory.create(), UserFactory.create(display_name="Eve")
    ours, theirs = create_company(ada), create_company(eve)
    model = LanguageModelFactory.create(by=ada, provider=ProviderFactory.create(by=ada, workspace=ours))
    gpt = GPTFactory.create(owner=eve, workspace=theirs)

    assert is_offered(model, ours)
    assert not is_offered(model, theirs)
    assert model not in list_offered_models(theirs)
    assert model not in list_model_choices(gpt, theirs)
    assert get_usable_model(gpt, theirs, chosen=model) != model
    with pytest.raises(InvalidInput):
        clean_draft({"language_model": model.pk}, workspace=theirs, current=gpt)
    # Even if the row had it, another model answers.
    gpt.language_model = model
    assert get_usable_model(gpt, theirs) != model


def test_models_of_a_disabled_provider_are_not_offered() -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    model = LanguageModelFactory.create(by=ada, provider=ProviderFactory.create(by=ada, workspace=company))
    gpt = GPTFactory.create(owner=ada, workspace=company, language_model=model)
    assert get_usable_model(gpt, company) == model

    change_provider(provider=model.provider, change=ProviderChange(is_enabled=False), by=ada, at=NOW)

    model = LanguageModel.objects.select_related("provider").get(pk=model.pk)
    gpt.language_model = model
    assert model not in list_offered_models(company)
    assert get_usable_model(gpt, company) != model


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"context_window": "0"}, "context_window"),
        ({"context_window": "a lot"}, "context_window"),
        ({"max_output_tokens": 200_000}, "max_output_tokens"),
        ({"input_price_micros": -1}, "input_price_micros"),
        ({"capabilities": ["telepathy"]}, "capabilities"),
        ({"features": ["magic"]}, "features"),
        ({"kind": "embedding"}, "dimensions"),
        ({"kind": "embedding", "dimensions": 9_999}, "dimensions"),
        ({"label": "x" * 81}, "label"),
    ],
)
def test_wrong_values_change_nothing(values: dict[str, Any], field: str) -> None:
    ada = UserFactory.create()
    model = LanguageModelFactory.create(
        by=ada, provider=ProviderFactory.create(by=ada, workspace=create_company(ada))
    )
    before = LanguageModel.objects.filter(pk=model.pk).values().get()

    with pytest.raises(InvalidInput) as refused:
        change_model(model=model, values=values, by=ada, at=NOW)

    assert refused.value.field == field
    assert LanguageModel.objects.filter(pk=model.pk).values().get() == before


def test_a_provider_has_one_default_model() -> None:
    ada = UserFactory.create()
    row = ProviderFactory.create(by=ada, workspace=create_company(ada))
    first, second = (
        LanguageModelFactory.create(by=ada, provider=row),
        LanguageModelFactory.create(by=ada, provider=row),
    )

    change_model(model=second, values={"is_default": True}, by=ada, at=NOW)

    assert list(row.models.filter(is_default=True)) == [second]
    assert first.pk != second.pk


def test_an_operator_changes_the_instances_providers_but_no_workspaces() -> None:
    ada, otto = UserFactory.create(), UserFactory.create(display_name="Otto")
    grant_staff_role(user=otto, role="operator", by=None, at=NOW)
    own = ProviderFactory.create(by=ada, workspace=create_company(ada))
    client = sign_in(otto)

    made = client.post(
        reverse("gpts:operator-provider-new"),
        {"name": "Everybody's", "kind": "responses", "base_url": "http://127.0.0.1:9/v1", "key": ""},
    )
    foreign = client.get(reverse("gpts:operator-provider-change", args=[own.pk]))

    row = ModelProvider.objects.get(name="Everybody's")
    assert (made.status_code, row.workspace_id, row.base_url) == (302, None, "http://127.0.0.1:9/v1")
    assert foreign.status_code == 404


@pytest.mark.parametrize("how_many", [1, 3])
def test_query_count_is_the_same_for_one_and_three_providers(
    how_many: int, django_assert_num_queries: Any
) -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    for _number in range(how_many):
        row = ProviderFactory.create(by=ada, workspace=company)
        LanguageModelFactory.create(by=ada, provider=row)
        LanguageModelFactory.create(by=ada, provider=row)
    client = sign_in(ada)
    url = reverse("gpts:workspace-model-list", args=[company.slug])
    client.get(url)

    with django_assert_num_queries(QUERIES):
        page = client.get(url)

    assert page.content.decode().count("Provider ") >= how_many


QUERIES = 14


def test_prices_are_entered_in_the_instances_currency(settings: Any) -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    row = ProviderFactory.create(by=ada, workspace=company)
    url = reverse("gpts:workspace-model-new", args=[company.slug, row.pk])

    sign_in(ada).post(
        url,
        {"name": "m", "kind": "chat", "context_window": "8000", "max_output_tokens": "900",
         "input_price": "2.5", "output_price": "10", "capabilities": ["vision"], "features": ["tools"]},
    )  # fmt: skip

    model = row.models.get()
    assert (model.input_price_micros, model.output_price_micros) == (2_500_000, 10_000_000)
    assert (model.capabilities, model.features, model.label) == (["vision"], ["tools"], "m")


def test_a_connection_test_needs_an_admin_when_it_runs(provider: ModelServer) -> None:
    ada, ben = UserFactory.create(), UserFactory.create()
    company = create_company(ada, admin=ben)
    row = ProviderFactory.create(by=ada, workspace=company, base_url=provider.url)
    job = request_test(provider=row, by=ben, at=NOW)
    Member.objects.filter(workspace=company, user=ben).update(role="member")

    assert run_outbound_jobs() == 1

    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "not_found")
    assert provider.state.requests == []


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "3601", "ten"])
def test_time_limits_of_a_model_are_whole_seconds(given: str) -> None:
    ada = UserFactory.create()
    row = ProviderFactory.create(by=ada, workspace=create_company(ada))
    model = LanguageModelFactory.create(provider=row, by=ada, silence_seconds="120", answer_seconds="")

    with pytest.raises(InvalidInput) as refused:
        change_model(model=model, values={"silence_seconds": given}, by=ada, at=NOW)

    assert refused.value.field == "silence_seconds"
    model.refresh_from_db()
    assert (model.first_token_seconds, model.silence_seconds, model.answer_seconds) == (None, 120, None)


def test_the_time_limits_stand_on_the_page_of_a_model() -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    row = ProviderFactory.create(by=ada, workspace=company)
    model = LanguageModelFactory.create(provider=row, by=ada, first_token_seconds="300")

    page = sign_in(ada).get(reverse("gpts:workspace-model-change", args=[company.slug, model.pk]))

    shown = page.content.decode()
    assert 'name="first_token_seconds" value="300"' in shown
    assert 'placeholder="900"' in shown
