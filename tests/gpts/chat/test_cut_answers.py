"""Answers that the model's limit cut, going on with them, and thinking beside an answer."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from gpts.chat.models import Message, Turn
from gpts.chat.services.turns import finish_turn, start_turn
from gpts.chat.states import MessageRole
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import configure_model, create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient

NOTE = "This answer ends at the model&#x27;s limit"
CONTINUE = "Continue exactly where your last answer stopped."


def test_a_cut_answer_is_told_as_cut_and_goes_on_in_the_next_turn(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "length:5"))
    reader = UserFactory.create(display_name="Reader")
    browser = make_web_client(reader)

    end = browser.say(f"/g/{gpt.slug}/chat/turns", "Tell me all")[-1].data

    assert (end["state"], end["finish_reason"]) == ("finished", "length")
    assert end["note"].startswith("This answer ends at the model's limit")
    first = Turn.objects.get()
    assert (first.finish_reason, first.state) == ("length", "finished")
    page = browser.http.get(f"/c/{first.conversation_id}").text
    here = f"/c/{first.conversation_id}/turns/{first.pk}/continue"
    assert NOTE in page
    assert f'action="{here}"' in page

    model_server.state.control = "normal:3"
    again = browser.say(here, "")[-1].data

    assert (again["state"], again["finish_reason"], again["note"]) == ("finished", "stop", "")
    second = Turn.objects.get(position=2)
    assert second.messages.get(role=MessageRole.USER).content == CONTINUE
    assert UsageEvent.objects.count() == 2
    sent = model_server.state.requests[-1]["body"]["messages"]
    answer = first.messages.get(role=MessageRole.ASSISTANT).content
    assert [m["content"] for m in sent[1:]] == ["Tell me all", answer, CONTINUE]
    # Only the last answer can be gone on with, and only one that was cut.
    refused = [browser.refused(here), browser.refused(here.replace(str(first.pk), str(second.pk)))]
    assert refused == [(409, "nothing_to_continue")] * 2
    assert Turn.objects.count() == 2
    assert "/continue" not in browser.http.get(f"/c/{first.conversation_id}").text


def test_the_api_tells_it_and_goes_on(server: Any, model_server: ModelServer) -> None:

    gpt = create_public_gpt(configure_model(model_server.url, "length:5"))
    reader, stranger = UserFactory.create(display_name="Reader"), UserFactory.create(display_name="Other")
    headers, foreign = (get_bearer_header(create_key(user)) for user in (reader, stranger))
    with httpx2.Client(base_url=f"{server.url}/api/v1", timeout=20, trust_env=False) as http:
        first = http.post(f"/gpts/{gpt.slug}/conversations", json={"text": "Hi"}, headers=headers).json()
        path = f"/conversations/{first['conversation']}/turns/{first['turn']}/continue"
        hidden = http.post(path, headers=foreign)
        again = http.post(path, json={"request_key": "k"}, headers=headers)
        same = http.post(path, json={"request_key": "k"}, headers=headers)
        read = http.get(f"/conversations/{first['conversation']}", headers=headers).json()

    assert first["finish_reason"] == "length"
    assert (hidden.status_code, again.status_code, same.status_code) == (404, 201, 201)
    assert again.json()["turn"] == same.json()["turn"]
    assert [turn["finish_reason"] for turn in read["turns"]] == ["length", "length"]


def test_an_answer_of_json_that_was_cut_offers_no_rest(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "length:5"), output_format="json")
    browser = make_web_client(UserFactory.create(display_name="Reader"))

    end = browser.say(f"/g/{gpt.slug}/chat/turns", "As JSON")[-1].data

    page = browser.http.get(f"/c/{end['conversation']}").text
    assert NOTE in page
    assert "/continue" not in page


@pytest.mark.parametrize("name", ["think_inline", "unopened"])
def test_thinking_is_kept_beside_the_answer_and_nowhere_else(
    make_web_client: MakeWebClient, model_server: ModelServer, name: str
) -> None:
    events = ("The user asks ", "about depots.\n</think>\n\n", "The depot opens at seven.")
    model_server.state.played["play-unopened"] = (
        "".join(f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\n\n" for text in events)
        + 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    )
    gpt = create_public_gpt(configure_model(model_server.url, f"play-{name}"))
    browser = make_web_client(UserFactory.create(display_name="Reader"))

    found = browser.say(f"/g/{gpt.slug}/chat/turns", "When?")

    answer = Message.objects.get(role=MessageRole.ASSISTANT)
    assert (answer.content, answer.thinking) == ("The depot opens at seven.", "The user asks about depots.")
    assert (
        "".join(event.data["text"] for event in found if event.name == "thinking").strip() == answer.thinking
    )
    end = found[-1].data
    assert end["html"] == "<p>The depot opens at seven.</p>\n"
    here = f"/c/{end['conversation']}"
    page = browser.http.get(here).text
    assert page.count("The user asks about depots.") == 1
    assert '<details class="disclosure message__thinking">' in page
    assert 'data-copy="The depot opens at seven."' in page
    markdown, exported = (
        browser.http.get(f"{here}/export.md").text,
        browser.http.get(f"{here}/export.json").json(),
    )
    assert "asks about" not in markdown
    assert [exported["turns"][0][key] for key in ("answer", "thinking")] == [answer.content, answer.thinking]
    model_server.state.control = "normal:3"
    browser.say(f"{here}/turns", "And on Sunday?")
    sent = json.dumps(model_server.state.requests[-1]["body"])
    assert "asks about" not in sent
    assert "The depot opens at seven." in sent


def test_thinking_up_to_the_limit_says_so_and_is_kept(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "play-reasoning_length"))
    browser = make_web_client(UserFactory.create(display_name="Reader"))

    end = browser.say(f"/g/{gpt.slug}/chat/turns", "When?")[-1].data

    assert (end["state"], end["code"]) == ("failed", "thinking_limit")
    assert "limit for thinking" in end["note"]
    assert Message.objects.get(role=MessageRole.ASSISTANT).thinking == "Thinking and thinking"
    assert UsageEvent.objects.count() == 0


def test_an_answer_whose_server_broke_off_is_interrupted(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "play-finish_error"))
    browser = make_web_client(UserFactory.create(display_name="Reader"))

    end = browser.say(f"/g/{gpt.slug}/chat/turns", "When?")[-1].data

    assert (end["state"], end["code"], end["html"]) == ("interrupted", "interrupted", "<p>The depot</p>\n")
    assert "Try again" in browser.http.get(f"/c/{end['conversation']}").text
    assert UsageEvent.objects.count() == 0


@pytest.mark.django_db
def test_going_on_is_refused_for_answers_of_others_and_changes_nothing() -> None:
    owner, stranger = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Other")
    conversation = create_conversation(owner)
    turn, _new = start_turn(conversation=conversation, text="More", by=owner, at=NOW)
    finish_turn(
        turn_id=turn.pk,
        text="Half",
        input_tokens=1,
        output_tokens=1,
        model=None,
        at=NOW,
        finish_reason="length",
    )
    path = f"/c/{conversation.pk}/turns/{turn.pk}/continue"

    answer = sign_in(stranger).post(path)

    assert answer.status_code == 404
    assert Turn.objects.count() == 2
