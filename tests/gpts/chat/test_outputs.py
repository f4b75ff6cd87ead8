"""JSON answers, provider tools and the chosen model in a chat, from the model server to the page."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.services.model_retirement import set_retirement
from gpts.chat.json_answers import build_json_view, find_output_entry, render_output
from gpts.chat.models import Conversation, Message, Turn
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import Capability, ModelFeature, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.fakes.shaped_answers import ITEMS
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, get_streamed_text

SCHEMA = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"properties": {"quantity": {"type": "integer"}}}},
    },
    "required": ["items"],
}
AS_JSON: dict[str, Any] = {"output_format": "json_schema", "output_schema": SCHEMA}


def create_model(model: LanguageModel, name: str, **fields: Any) -> LanguageModel:
    return LanguageModel.objects.create(
        provider=model.provider,
        name=name,
        label=name.title(),
        context_window=32_000,
        max_output_tokens=1_000,
        features=[feature.value for feature in ModelFeature],
        **fields,
    )


def test_a_valid_json_answer_is_a_table_with_the_raw_text_beside_it(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "json"), **AS_JSON),
        UserFactory.create(display_name="Reader"),
    )

    found = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "List")

    html = found[-1].data["html"]
    assert '<th scope="col">quantity</th>' in html
    assert re.search(r'<td class="num">\s*40', html)
    assert "Raw JSON" in html
    assert "does not have the promised form" not in html
    message = Message.objects.get(role="assistant")
    assert json.loads(message.content) == ITEMS
    assert find_output_entry(message.tools) == {
        "kind": "output", "label": "json_schema", "is_ok": True, "problems": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("json-wrong", "type", "“items[0].quantity” should be of the type integer."),
        ("json-bad", "not_json", "It is not JSON: reading stops at line 1"),
        ("normal:3", "not_json", "It is not JSON"),
    ],
)
def test_an_invalid_answer_is_shown_raw_with_the_reason(
    make_web_client: MakeWebClient, model_server: ModelServer, model: str, code: str, words: str
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, model), **AS_JSON),
        UserFactory.create(display_name="Reader"),
    )

    found = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "List")

    assert words in found[-1].data["html"]
    entry = find_output_entry(Message.objects.get(role="assistant").tools)
    assert entry is not None
    assert (entry["is_ok"], entry["problems"][0]["code"]) == (False, code)
    assert Turn.objects.get().state == "finished"


def test_html_in_json_is_escaped() -> None:
    html = render_output('[{"<b>": "<script>alert(1)</script>"}]', None)

    assert "<script>" not in html
    assert "<b>" not in html


def test_large_and_deep_values_are_cut() -> None:
    many = build_json_view([{"n": number} for number in range(300)])
    deep = build_json_view({"a": {"b": {"c": {"d": 1}}}})

    assert (many.kind, len(many.rows), many.left_out) == ("table", 200, 100)
    assert deep.facts[0][1].facts[0][1].facts[0][1].text == '{"d": 1}'


def test_a_web_search_shows_its_note_and_source(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    model = configure_model(model_server.url, "web")
    ModelProvider.objects.filter(pk=model.provider_id).update(kind=ProviderKind.RESPONSES)
    LanguageModel.objects.filter(pk=model.pk).update(capabilities=[Capability.WEB_SEARCH])
    model = LanguageModel.objects.select_related("provider").get(pk=model.pk)
    gpt, reader = (
        create_public_gpt(model, capabilities=[Capability.WEB_SEARCH]),
        UserFactory.create(display_name="Reader"),
    )

    found = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "Arches?")

    assert "https://example.org/arches" in found[-1].data["html"]
    assert Message.objects.get(role="assistant").tools == [
        {"kind": "web_search", "label": "how arches hold", "is_ok": True}
    ]
    assert model_server.state.requests[-1]["body"]["tools"] == [{"type": "web_search"}]


def test_the_chosen_model_answers_and_a_foreign_one_is_refused(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    own = configure_model(model_server.url, "normal:3")
    listed, unlisted = create_model(own, "echo"), create_model(own, "normal:5")
    gpt = create_public_gpt(own, model_choice="listed", allowed_models=["echo"])
    browser = make_web_client(UserFactory.create(display_name="Reader"))

    with browser.ask(f"/g/{gpt.slug}/chat/turns", "one two", model=str(listed.pk)) as answer:
        assert answer.status_code == 200
        answer.read()
    conversation = Conversation.objects.get()
    with browser.ask(f"/c/{conversation.pk}/turns", "three", model=str(unlisted.pk)) as answer:
        refusal = json.loads(answer.read())

    assert Turn.objects.get().model_name == "echo"
    assert refusal["error"]["code"] == "model_not_allowed"
    conversation.refresh_from_db()
    assert conversation.language_model == listed


def test_a_retired_models_conversation_goes_on_with_the_replacement(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    own = configure_model(model_server.url, "normal:3")
    new = create_model(own, "echo")
    gpt, reader = create_public_gpt(own), UserFactory.create(display_name="Reader")
    browser = make_web_client(reader)
    browser.say(f"/g/{gpt.slug}/chat/turns", "Hello")
    conversation = Conversation.objects.get()

    with system_scope("tests"):
        set_retirement(
            model=own, retired_at=timezone.now() - timedelta(days=1), replacement=new, by=None, at=NOW
        )
    found = browser.say(f"/c/{conversation.pk}/turns", "still there")
    page = browser.http.get(f"/c/{conversation.pk}").text

    assert get_streamed_text(found).strip() == "still there"
    assert found[-1].data["model"] == "echo"
    assert "is not offered any more. Echo answers in its place." in page


def test_the_fixed_text_of_a_knowledge_only_gpt_is_not_checked_as_json(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = create_public_gpt(
        configure_model(model_server.url, "json"),
        answers_only_from_knowledge=True,
        no_answer_text="Ask the front desk.",
        **AS_JSON,
    )

    found = make_web_client(UserFactory.create(display_name="Reader")).say(
        f"/g/{gpt.slug}/chat/turns", "List"
    )

    assert get_streamed_text(found) == "Ask the front desk."
    assert "promised form" not in found[-1].data["html"]
    assert model_server.state.requests == []


def test_unpaired_surrogates_of_a_model_can_be_shown() -> None:
    answer = '{"a\\ud800": "b\\udc00", "c": [{"\\ud800": 1e999}]}'

    html = str(render_output(answer, None))

    assert "a?" in html and "b?" in html
    html.encode()
