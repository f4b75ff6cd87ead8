"""A signed-in person's HTTP requests to the real web service, and the events of its streams."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
from django.conf import settings

from tests.support.pages import sign_in
from workspaces.models import User

CSRF = "a" * 32


@dataclass
class Event:
    name: str
    data: dict[str, Any]
    id: int | None


class WebClient:
    """A signed-in person's requests to the real web service."""

    def __init__(self, base_url: str, user: User | None = None, *, follow_redirects: bool = False) -> None:
        cookies = {settings.CSRF_COOKIE_NAME: CSRF}
        if user is not None:
            client = sign_in(user)
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.http = httpx2.Client(
            base_url=base_url,
            cookies=cookies,
            headers={"X-CSRFToken": CSRF},
            timeout=90,
            trust_env=False,
            follow_redirects=follow_redirects,
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
            return list(read_events(response))

    def refused(self, url: str, text: str = "", key: str = "") -> tuple[int, str]:
        with self.ask(url, text, key) as response:
            body = json.loads(response.read())
            return response.status_code, body["error"]["code"]


MakeWebClient = Callable[..., WebClient]


def read_events(response: httpx2.Response) -> Iterator[Event]:
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


def get_streamed_text(found: list[Event]) -> str:
    return "".join(event.data["text"] for event in found if event.name == "delta")
