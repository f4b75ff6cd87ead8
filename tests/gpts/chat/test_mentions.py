"""Mentions: which GPTs may be mentioned, what they read, who is paid; temporary and deleted chats."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.look.icon_files import build_icon_url
from core.scope import system_scope
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.tasks import remove_temporary_conversations
from gpts.metering.models import UsageEvent
from marketplace.services.listings import publish_listing
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient


def test_a_mentioned_gpt_answers_one_turn_and_is_paid_for_it(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    model = configure_model(model_server.url, "echo")
    host = create_public_gpt(model, name="Host", instructions="HOSTSECRET")
    guest = create_public_gpt(
        model, owner=UserFactory.create(display_name="Guest maker"), name="Guest", instructions="GUESTSECRET"
    )
    browser = make_web_client(UserFactory.create(display_name="Reader"))
    head = browser.say(f"/g/{host.slug}/chat/turns", "first words")[0].data
    here = f"/c/{head['conversation']}"
    model_server.state.requests.clear()

    with browser.ask(f"{here}/turns", "what do you say?", gpt=guest.slug) as response:
        assert response.status_code == 200
        response.read()
    browser.say(f"{here}/turns", "and you?")

    asked_guest, asked_host = (
        json.dumps(request["body"]["messages"]) for request in model_server.state.requests
    )
    assert "GUESTSECRET" in asked_guest
    assert "HOSTSECRET" not in asked_guest
    assert "[Host, another assistant in this conversation, answered:]" in asked_guest
    assert "HOSTSECRET" in asked_host
    assert "GUESTSECRET" not in asked_host
    assert "[Guest, another assistant in this conversation, answered:]" in asked_host
    turn = Turn.objects.get(position=2)
    assert (turn.gpt_id, turn.version.number) == (guest.pk, 1)
    usage = UsageEvent.objects.get(event_id=turn.pk)
    assert (usage.gpt_id, usage.payee_id) == (guest.pk, guest.owner_id)
    page = browser.http.get(here).text
    assert page.count('<p class="message__name">Guest</p>') == 1
    # The same GPT answers a repeated question.
    again = browser.say(f"{here}/turns/{turn.pk}/retry")[0].data
    assert Turn.objects.get(pk=again["turn"]).gpt_id == guest.pk


def test_a_gpt_that_may_not_be_mentioned_is_refused_and_nothing_is_written(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    model = configure_model(model_server.url, "echo")
    host = create_public_gpt(model, name="Host")
    quarantined = create_public_gpt(model, owner=UserFactory.create(display_name="Bad maker"), name="Bad")
    with system_scope("tests"):
        private = GPTFactory.create(owner=UserFactory.create(display_name="Private maker"), name="Private")
        quarantine_gpt(gpt=quarantined, at=NOW)
    reader = UserFactory.create(display_name="Reader")
    browser = make_web_client(reader)
    head = browser.say(f"/g/{host.slug}/chat/turns", "first words")[0].data
    here = f"/c/{head['conversation']}/turns"

    for slug in (private.slug, quarantined.slug, "no-such-gpt", "a\x00b"):
        with browser.ask(here, "hello", gpt=slug) as response:
            assert response.status_code in (400, 403, 404), slug
    with browser.ask(f"/g/{host.slug}/chat/turns", "hello", gpt=private.slug) as response:
        assert response.status_code == 404

    assert (Turn.objects.count(), Conversation.objects.count(), Message.objects.count()) == (1, 1, 2)
    offered = browser.http.get("/c/mentions", params={"q": "a"}).json()["items"]
    assert [item["name"] for item in offered] == []
    names = [item["name"] for item in browser.http.get("/c/mentions", params={"q": "ho"}).json()["items"]]
    assert names == ["Host"]
    (item,) = browser.http.get("/c/mentions", params={"q": "ho"}).json()["items"]
    assert item["icon_url"] == build_icon_url(host.slug, host.category)


def test_the_api_mentions_other_gpts_too(server: Any, model_server: ModelServer) -> None:
    import httpx2

    model = configure_model(model_server.url, "echo")
    host, guest = (
        create_public_gpt(model, name="Host"),
        create_public_gpt(model, owner=UserFactory.create(display_name="G"), name="Guest"),
    )
    with system_scope("tests"):
        publish_listing(gpt=guest, version=guest.versions.get(), by=None, at=NOW)
    headers = get_bearer_header(create_key(UserFactory.create(display_name="Reader")))
    with httpx2.Client(base_url=f"{server.url}/api/v1", timeout=20, trust_env=False, headers=headers) as http:
        first = http.post(f"/gpts/{host.slug}/conversations", json={"text": "Hi"}).json()
        here = f"/conversations/{first['conversation']}"
        called = http.post(f"{here}/turns", json={"text": "And you?", "gpt": guest.slug})
        wrong = http.post(f"{here}/turns", json={"text": "And you?", "gpt": "nobody"})
        again = http.post(f"{here}/turns/{first['turn']}/retry", json={})
        back = http.post(f"{here}/turns/{first['turn']}/show")
        read = http.get(here).json()
        state = http.get(f"{here}/version").json()
        offered = http.get("/mentions", params={"q": "gue"}).json()

    assert (called.status_code, wrong.status_code, again.status_code, back.status_code) == (
        201,
        404,
        201,
        200,
    )
    assert [turn["gpt"] for turn in read["turns"]] == [host.slug, guest.slug]
    assert read["turns"][0]["siblings"] == [first["turn"], again.json()["turn"]]
    assert state == {
        "version": 1, "live": None, "is_moved": False, "is_over": False, "changes": [], "releases": [],
    }  # fmt: skip
    assert [item["slug"] for item in offered] == [guest.slug]
    assert offered[0]["icon_url"] == build_icon_url(guest.slug, guest.category)


def test_a_temporary_chat_is_not_listed_and_is_deleted_for_good(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    with browser.ask(f"/g/{gpt.slug}/chat/turns", "my quetzal", temporary="1") as response:
        response.read()
    conversation = Conversation.objects.get()

    assert (conversation.is_temporary, conversation.title) == (True, "")
    assert conversation.expires_at is not None
    assert str(conversation.pk) not in browser.http.get("/c/").text
    page = browser.http.get(f"/c/{conversation.pk}").text
    assert "This chat is temporary" in page
    assert "my quetzal" in page
    assert remove_temporary_conversations() == 0
    before = conversation.expires_at
    browser.say(f"/c/{conversation.pk}/turns", "more")
    conversation.refresh_from_db()
    assert conversation.expires_at > before

    Conversation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert remove_temporary_conversations() == 1
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert UsageEvent.objects.count() == 2
    assert browser.http.get(f"/c/{conversation.pk}").status_code == 404


def test_a_deleted_conversation_can_be_restored_for_a_month_only(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    kept, deleted = (
        browser.say(f"/g/{gpt.slug}/chat/turns", text)[0].data["conversation"] for text in ("stay", "go")
    )
    answer = browser.http.post(f"/c/{deleted}/delete")
    assert "For 30 days this can be undone" in browser.http.get(answer.headers["Location"]).text

    Conversation.objects.filter(pk=deleted).update(deleted_at=timezone.now() - timedelta(days=29))
    assert remove_temporary_conversations() == 0
    browser.http.post(f"/c/{deleted}/restore")
    assert "go" in browser.http.get(f"/c/{deleted}").text
    Conversation.objects.filter(pk=deleted).update(deleted_at=timezone.now() - timedelta(days=30, seconds=1))

    assert remove_temporary_conversations() == 1
    assert str(Conversation.objects.get().pk) == kept
    assert set(Message.objects.filter(role="user").values_list("content", flat=True)) == {"stay"}
    assert browser.http.post(f"/c/{deleted}/restore").status_code == 404
    assert UsageEvent.objects.count() == 2


@pytest.mark.parametrize("model", ["no-such-model", "999999", "embedding"])
def test_a_model_that_is_not_offered_is_refused(
    make_web_client: MakeWebClient, model_server: ModelServer, model: str
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "echo"))
    browser = make_web_client(UserFactory.create(display_name="Reader"))

    with browser.ask(f"/g/{gpt.slug}/chat/turns", "hello", model=model) as response:
        assert response.status_code == 400
        assert json.loads(response.read())["error"]["code"] == "model_not_allowed"

    assert not Turn.objects.exists()
