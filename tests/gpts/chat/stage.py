"""What tests of chatting stand on: a GPT that is live, a model behind it, a browser of a signed-in person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
from django.conf import settings
from django.test import Client

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.providers import ensure_instance_provider
from gpts.llm.states import ProviderKind
from tests.fakes.openai_server import KEY
from tests.gpts.studio.stage import NOW, a_gpt, a_user
from workspaces.models import User

CSRF = "a" * 32


def a_model(
    base_url: str, name: str = "normal:12", *, input_price: int = 0, output_price: int = 0
) -> LanguageModel:
    model = ensure_instance_provider(
        kind=ProviderKind.CHAT_COMPLETIONS, base_url=base_url, key=KEY, model=name, by=None, at=NOW
    )
    LanguageModel.objects.filter(pk=model.pk).update(
        input_price_micros=input_price, output_price_micros=output_price
    )
    model.refresh_from_db()
    return model


def a_public_gpt(model: LanguageModel | None = None, *, owner: User | None = None, **draft: Any) -> GPT:
    # Services that narrow the scope for a moment come back to this one, not to the connection's.
    with system_scope("tests"):
        if model:
            draft["language_model"] = model
        gpt = a_gpt(owner=owner, **draft)
        version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    return gpt


def point_to(base_url: str) -> None:
    ModelProvider.objects.filter(workspace=None).exclude(kind=ProviderKind.OFFLINE).update(base_url=base_url)


@dataclass
class Event:
    name: str
    data: dict[str, Any]
    id: int | None


class Browser:
    """A signed-in person's requests to the real web service."""

    def __init__(self, base_url: str, user: User | None = None) -> None:
        cookies = {settings.CSRF_COOKIE_NAME: CSRF}
        if user is not None:
            client = Client()
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.http = httpx2.Client(
            base_url=base_url, cookies=cookies, headers={"X-CSRFToken": CSRF}, timeout=20, trust_env=False
        )

    def close(self) -> None:
        self.http.close()

    @contextmanager
    def ask(self, url: str, text: str = "", key: str = "", **fields: str) -> Iterator[httpx2.Response]:
        body = {"text": text, "key": key or uuid4().hex, **fields}
        with self.http.stream("POST", url, data=body, headers={"Accept": "text/event-stream"}) as response:
            yield response

    def say(self, url: str, text: str = "", key: str = "") -> list[Event]:
        with self.ask(url, text, key) as response:
            assert response.status_code == 200, response.read()
            return list(events(response))

    def refused(self, url: str, text: str = "", key: str = "") -> tuple[int, str]:
        with self.ask(url, text, key) as response:
            body = json.loads(response.read())
            return response.status_code, body["error"]["code"]


def events(response: httpx2.Response) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields.get("data"):
            yield Event(
                fields["event"], json.loads(fields["data"]), int(fields["id"]) if "id" in fields else None
            )
            fields = {}
        else:
            fields = {}


def text_of(found: list[Event]) -> str:
    return "".join(event.data["text"] for event in found if event.name == "delta")


__all__ = [
    "NOW",
    "Browser",
    "Event",
    "a_gpt",
    "a_model",
    "a_public_gpt",
    "a_user",
    "events",
    "point_to",
    "text_of",
]
