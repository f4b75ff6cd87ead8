"""A request key stands for one request of one person: to one GPT, in one workspace, from one source."""

from __future__ import annotations

from typing import Any

import httpx2

from core.scope import system_scope
from gpts.chat.models import Conversation, Turn
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import configure_model, create_public_gpt
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService
from tests.support.web_client import MakeWebClient

KEY = "the-same-key"


def ask(server: WebService, key: str, address: str, text: str) -> tuple[int, dict[str, Any]]:
    answer = httpx2.post(
        f"{server.url}/api/v1/{address}",
        json={"text": text, "request_key": KEY},
        headers=get_bearer_header(key),
        timeout=20,
    )
    return answer.status_code, answer.json()


def test_the_same_key_elsewhere_is_another_request(
    server: WebService, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    """Neither another workspace's key, nor another GPT, nor a session finds a turn of elsewhere."""
    model = configure_model(model_server.url, "normal:3")
    gpt, other = create_public_gpt(model), create_public_gpt(model)
    with system_scope("tests"):
        reader = UserFactory.create(display_name="Reader")
        company = create_company(UserFactory.create(display_name="Owner"), member=reader)
    own_key, company_key = create_key(reader), create_key(reader, workspace=company)

    status, first = ask(server, own_key, f"gpts/{gpt.slug}/conversations", "Secret of mine")
    assert status == 201
    again = ask(server, own_key, f"gpts/{gpt.slug}/conversations", "Secret of mine")
    elsewhere = [
        ask(server, company_key, f"gpts/{gpt.slug}/conversations", "For the company"),
        ask(server, own_key, f"gpts/{other.slug}/conversations", "To another GPT"),
    ]
    made = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "In the browser", key=KEY)

    assert (again[0], again[1]["turn"]) == (201, first["turn"])
    found = {first["turn"], *(body["turn"] for _status, body in elsewhere), made[0].data["turn"]}
    assert len(found) == 4
    with system_scope("tests"):
        places = Conversation.objects.order_by("created_at").values_list("workspace_id", "gpt_id")
        own = reader.personal_workspace.pk
        assert list(places) == [(own, gpt.pk), (company.pk, gpt.pk), (own, other.pk), (own, gpt.pk)]
        assert Turn.objects.count() == 4
    assert len(model_server.state.requests) == 4


def test_a_key_of_one_conversation_is_another_request_in_another(
    server: WebService, model_server: ModelServer
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "normal:3"))
    reader = UserFactory.create(display_name="Reader")
    key = create_key(reader)
    begun = [httpx2.post(
        f"{server.url}/api/v1/gpts/{gpt.slug}/conversations",
        json={"text": "First"}, headers=get_bearer_header(key), timeout=20,
    ).json()["conversation"] for _number in range(2)]  # fmt: skip

    turns = [ask(server, key, f"conversations/{conversation}/turns", "Next") for conversation in begun]
    again = ask(server, key, f"conversations/{begun[0]}/turns", "Next")

    assert [status for status, _body in turns] == [201, 201]
    assert [body["conversation"] for _status, body in turns] == begun
    assert (turns[0][1]["turn"] == again[1]["turn"], turns[1][1]["turn"] == again[1]["turn"]) == (True, False)
