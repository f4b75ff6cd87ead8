"""Model settings of a draft: the form, the API, versions, and what the model is really asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.errors import InvalidInput
from gpts.assistants.model_settings import get_model_settings, list_ignored_settings
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.versions import build_content, freeze_version
from gpts.chat.services.model_choice import choose_model
from gpts.chat.services.turns import start_conversation
from gpts.llm.catalogue import choices_for, features_of, may_choose, tools_of
from gpts.llm.models import LanguageModel
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.llm import LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW

pytestmark = pytest.mark.django_db
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
SETTINGS: dict[str, Any] = {
    "seed": 42,
    "output_format": "json_schema",
    "output_schema": SCHEMA,
    "parallel_tool_calls": False,
    "model_choice": "listed",
    "allowed_models": ["other"],
    "answers_only_from_knowledge": True,
    "no_answer_text": "Ask the front desk.",
    "temperature": "0.40",
    "capabilities": ["web_search", "code"],
}


def autosave(client: Client, gpt: Any, **fields: Any) -> Any:
    body = {"revision": gpt.draft_revision, "fields": ",".join(fields), **fields}
    url = reverse("gpts:build-configure", args=[gpt.slug])
    return client.post(url, body, headers={"accept": "application/json"})


def test_settings_save_themselves_and_are_part_of_versions() -> None:
    ada = UserFactory.create()
    gpt = GPTFactory.create(owner=ada)
    typed = SETTINGS | {
        "output_schema": json.dumps(SCHEMA), "parallel_tool_calls": "", "answers_only_from_knowledge": "on",
    }  # fmt: skip

    answer = autosave(sign_in(ada), gpt, **typed)

    assert answer.status_code == 200
    gpt.refresh_from_db()
    assert {name: getattr(gpt, name) for name in SETTINGS if name not in ("temperature", "capabilities")} == {
        name: value for name, value in SETTINGS.items() if name not in ("temperature", "capabilities")
    }
    version = freeze_version(gpt=gpt, release_notes="", by=ada, at=NOW)
    content = build_content(version, knowledge_hashes=[])
    assert (content["seed"], content["output_schema"], content["model_choice"]) == (42, SCHEMA, "listed")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("output_schema", '{"type": "object",}', "line 1, column 19"),
        ("output_schema", '{"properties": {"a": {"type": "text"}}}', "properties.a.type"),
        ("output_schema", '{"$ref": "https://example.org/x"}', "points to nothing"),
        ("output_schema", "[1]", "begins with {"),
        ("output_schema", json.dumps({"description": "x" * 20_001}), "too long"),
        ("output_schema", '{"items":' * 30 + "{}" + "}" * 30, "nested too deeply"),
        ("output_schema", "[" * 15_000, "nested too deeply"),
        ("output_schema", json.dumps({"enum": list(range(2_000))}), "too many parts"),
        ("output_schema", '{"pattern": "(?<!"}', "pattern"),
        ("output_schema", '{"properties": {"a": {"maximum": 1e999}}}', "properties.a.maximum"),
        ("output_schema", '{"description": "\\u0000"}', "description"),
        ("output_schema", '{"description": "\\ud800"}', "description"),
        ("output_schema", '{"patternProperties": {"^(a+)+$": {}}}', "not supported"),
        ("seed", "-1", "whole number"),
        ("seed", "99999999999", "whole number"),
        ("output_format", "xml", "answer formats"),
        ("model_choice", "everybody", "who picks"),
        ("no_answer_text", "x" * 301, "300"),
    ],
)
def test_wrong_settings_are_named_and_change_nothing(field: str, value: str, words: str) -> None:
    ada = UserFactory.create()
    gpt = GPTFactory.create(owner=ada)

    answer = autosave(sign_in(ada), gpt, **{field: value})

    gpt.refresh_from_db()
    assert answer.status_code == 400
    assert words in answer.json()["errors"][field]
    assert gpt.draft_revision == 1


def test_the_form_without_scripts_keeps_what_it_does_not_show() -> None:
    ada = UserFactory.create()
    gpt = GPTFactory.create(owner=ada)
    update_draft(gpt=gpt, revision=1, changes=SETTINGS, by=ada, at=NOW)

    sign_in(ada).post(
        reverse("gpts:build-configure", args=[gpt.slug]), {"revision": 2, "name": "New", "category": "other"}
    )

    gpt.refresh_from_db()
    assert (gpt.name, gpt.seed, gpt.output_schema, gpt.parallel_tool_calls) == ("New", 42, SCHEMA, False)


def test_configure_shows_the_settings_and_says_what_is_hidden_and_why() -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    model = LanguageModelFactory.create(
        by=ada, provider=ProviderFactory.create(by=ada, workspace=company), features=["temperature"]
    )
    gpt = GPTFactory.create(owner=ada, workspace=company, language_model=model)

    page = sign_in(ada).get(reverse("gpts:build-configure", args=[gpt.slug])).content.decode()

    assert '<span class="badge" data-lacks="web_search">Web search</span>' in page
    assert "because this model has no such tool" in page
    assert '<div data-needs="web_search" hidden>' in page
    assert "has no seed; the setting is kept and not sent" in page


def test_what_the_model_lacks_is_not_sent() -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    gpt = GPTFactory.create(owner=ada, workspace=company)
    gpt = update_draft(gpt=gpt, revision=1, changes=SETTINGS, by=ada, at=NOW)
    plain = LanguageModelFactory.create(
        by=ada, provider=ProviderFactory.create(by=ada, workspace=company), features=[]
    )
    able = LanguageModelFactory.create(
        by=ada,
        provider=ProviderFactory.create(by=ada, workspace=company, kind="responses"),
        capabilities=["web_search", "image_generation"],
    )

    little, much = get_model_settings(gpt, plain), get_model_settings(gpt, able)

    assert (little.temperature, little.seed, little.provider_tools) == (None, None, ())
    assert (little.parallel_tool_calls, little.output and little.output.is_native) == (True, False)
    # Responses knows no seed, and this model no code; image generation is not switched on.
    assert (much.temperature, much.seed, much.provider_tools) == (0.4, None, ("web_search",))
    assert (much.parallel_tool_calls, much.output and much.output.is_native) == (False, True)
    assert "seed" not in features_of(able)
    assert list_ignored_settings(gpt, plain) == [
        "temperature",
        "seed",
        "parallel_tool_calls",
        "output_format",
    ]
    assert tools_of(plain) == ()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("fixed", {"own"}), ("listed", {"own", "other"}), ("any", {"own", "other", "third"})],
)
def test_what_a_chat_user_may_choose(choice: str, expected: set[str]) -> None:
    ada, eve = UserFactory.create(), UserFactory.create(display_name="Eve")
    company = create_company(ada)
    provider = ProviderFactory.create(by=ada, workspace=company)
    own, other, third = (
        LanguageModelFactory.create(by=ada, provider=provider, name=name)
        for name in ("own", "other", "third")
    )
    foreign = LanguageModelFactory.create(
        by=eve, provider=ProviderFactory.create(by=eve, workspace=create_company(eve)), name="foreign"
    )
    gpt = GPTFactory.create(
        owner=ada,
        workspace=company,
        language_model=own,
        model_choice=choice,
        allowed_models=["other", "foreign"],
    )

    offered = choices_for(gpt, company)

    assert offered[0] == own
    assert {model.name for model in offered} == expected
    assert [may_choose(gpt, company, model) for model in (own, other, third)] == [
        model.name in expected for model in (own, other, third)
    ]
    assert not may_choose(gpt, company, foreign)
    conversation = start_conversation(gpt=gpt, version=None, workspace=company, by=ada, at=NOW)
    for wrong in (str(foreign.pk), "foreign", "999999999", *({"third"} - expected)):
        with pytest.raises(InvalidInput):
            choose_model(conversation=conversation, chosen=wrong)
        conversation.refresh_from_db()
        assert conversation.language_model is None


def test_settings_by_api(client: Client) -> None:
    from workspaces.services.api_keys import create_api_key

    ada = UserFactory.create()
    gpt = GPTFactory.create(owner=ada)
    _key, plain = create_api_key(
        user=ada, workspace=gpt.workspace, name="x", scopes=["gpts:read", "gpts:write"], by=ada, at=NOW
    )
    url = reverse("gpts_api:gpt-detail", args=[gpt.slug])
    headers = {"authorization": f"Bearer {plain}"}

    def patch(**body: Any) -> Any:
        return client.patch(url, body, content_type="application/json", headers=headers)

    saved = patch(revision=1, **SETTINGS)
    refused = patch(revision=2, output_schema={"type": "nope"})
    hostile = client.patch(
        url,
        '{"revision": 2, "output_schema": {"maximum": 1e999}}',
        content_type="application/json",
        headers=headers,
    )

    assert saved.status_code == 200
    assert {name: saved.json()[name] for name in SETTINGS} == {
        **SETTINGS, "capabilities": ["code", "web_search"],
    }  # fmt: skip
    for answer in (refused, hostile):
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "output_schema")
    gpt.refresh_from_db()
    assert (gpt.draft_revision, gpt.output_schema) == (2, SCHEMA)


def test_a_new_model_without_more_known_understands_the_usual() -> None:
    ada = UserFactory.create()
    model = LanguageModelFactory.create(
        by=ada, provider=ProviderFactory.create(by=ada, workspace=create_company(ada))
    )

    assert "seed" in features_of(LanguageModel.objects.select_related("provider").get(pk=model.pk))
