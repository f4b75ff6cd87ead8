"""Chat through the API: JSON and streams, scopes, the key's workspace, other people's ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from gpts.chat.models import Conversation, Turn
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import WORDS, ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.web_client import get_streamed_text, read_events


@pytest.fixture
def http(server: Any) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{server.url}/api/v1", timeout=20, trust_env=False) as client:
        yield client


def test_a_conversation_by_json(http: httpx2.Client, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:5")),
        UserFactory.create(display_name="Reader"),
    )
    headers = get_bearer_header(create_key(reader))

    first = http.post(f"/gpts/{gpt.slug}/conversations", json={"text": "Hi"}, headers=headers)
    conversation = first.json()["conversation"]
    second = http.post(f"/conversations/{conversation}/turns", json={"text": "More"}, headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["state"] == "finished"
    assert first.json()["usage"] == {"input_tokens": 11, "output_tokens": 5}
    read = http.get(f"/conversations/{conversation}", headers=headers).json()
    assert [(turn["question"], turn["answer"]) for turn in read["turns"]] == [
        ("Hi", "".join(WORDS[:5])),
        ("More", "".join(WORDS[:5])),
    ]
    listed = http.get("/conversations", headers=headers).json()
    assert [item["id"] for item in listed["items"]] == [conversation]
    assert set(UsageEvent.objects.values_list("source", flat=True)) == {"api"}


def test_a_stream_by_api(http: httpx2.Client, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:5")),
        UserFactory.create(display_name="Reader"),
    )

    with http.stream(
        "POST",
        f"/gpts/{gpt.slug}/conversations",
        json={"text": "Hi", "stream": True},
        headers=get_bearer_header(create_key(reader)),
    ) as response:
        found = list(read_events(response))

    assert get_streamed_text(found) == "".join(WORDS[:5])
    assert found[-1].data["state"] == "finished"


def test_a_failure_is_502_with_its_code(http: httpx2.Client, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "rate-limited")),
        UserFactory.create(display_name="Reader"),
    )

    answer = http.post(
        f"/gpts/{gpt.slug}/conversations", json={"text": "Hi"}, headers=get_bearer_header(create_key(reader))
    )

    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "rate_limited"
    assert answer.json()["error"]["data"]["retry_after"] == 7
    assert UsageEvent.objects.count() == 0


@pytest.mark.parametrize("body", [b"[]", b"null", b"{", b'{"text": 5}', b'{"text": ""}', b"[" * 5000])
def test_bad_bodies_are_refused(http: httpx2.Client, model_server: ModelServer, body: bytes) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url)),
        UserFactory.create(display_name="Reader"),
    )

    answer = http.post(
        f"/gpts/{gpt.slug}/conversations", content=body, headers=get_bearer_header(create_key(reader))
    )

    assert answer.status_code == 400
    assert Conversation.objects.count() == 0
    assert model_server.state.requests == []


def test_keys_without_the_scope_and_strangers_are_refused(
    http: httpx2.Client, model_server: ModelServer
) -> None:
    gpt, reader, stranger = (
        create_public_gpt(configure_model(model_server.url, "normal:3")),
        UserFactory.create(display_name="Reader"),
        UserFactory.create(display_name="Stranger"),
    )
    url = f"/gpts/{gpt.slug}/conversations"
    head = http.post(url, json={"text": "Mine"}, headers=get_bearer_header(create_key(reader))).json()
    calls, turns = len(model_server.state.requests), Turn.objects.count()
    thief = get_bearer_header(create_key(stranger))
    conversation = f"/conversations/{head['conversation']}"
    turn = f"{conversation}/turns/{head['turn']}"

    assert http.post(url, json={"text": "x"}).status_code == 401
    assert http.post(url, json={"text": "x"}, headers=get_bearer_header("lg_no_key")).status_code == 401
    assert (
        http.post(
            url, json={"text": "x"}, headers=get_bearer_header(create_key(reader, "gpts:read"))
        ).status_code
        == 403
    )
    for method, path in [
        ("GET", conversation), ("PATCH", conversation), ("DELETE", conversation),
        ("POST", f"{conversation}/turns"), ("POST", f"{turn}/stop"), ("POST", f"{turn}/retry"),
        ("POST", f"{turn}/edit"), ("GET", f"{turn}/events"),
    ]:  # fmt: skip
        body = {"text": "x", "title": "x"} if method in ("POST", "PATCH") else None
        assert http.request(method, path, json=body, headers=thief).status_code == 404, path

    assert (len(model_server.state.requests), Turn.objects.count()) == (calls, turns)
    assert Conversation.objects.get().deleted_at is None


def test_rename_and_delete(http: httpx2.Client, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:3")),
        UserFactory.create(display_name="Reader"),
    )
    headers = get_bearer_header(create_key(reader))
    head = http.post(f"/gpts/{gpt.slug}/conversations", json={"text": "Hi"}, headers=headers).json()
    url = f"/conversations/{head['conversation']}"

    assert http.patch(url, json={"title": "Renamed"}, headers=headers).json()["title"] == "Renamed"
    assert http.patch(url, json={"title": ""}, headers=headers).status_code == 400
    assert http.delete(url, headers=headers).status_code == 204

    assert http.get(url, headers=headers).status_code == 404
    assert UsageEvent.objects.count() == 1
