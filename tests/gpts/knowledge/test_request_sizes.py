"""Request bodies over the limits are refused with a message, and nothing of them is stored."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.handler import limit_body
from core.scope import system_scope
from gpts.knowledge.models import KnowledgeFile
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.services import WebService
from tests.support.web_client import WebClient
from workspaces.web.bodies import REFUSED

MEGABYTE = 1024 * 1024


def send_raw_request(server: WebService, head: str, body: bytes = b"") -> tuple[int, str]:
    """Send raw bytes, possibly fewer than the head declares; returns status and text of the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + body)
        answer = HTTPResponse(wire)
        answer.begin()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize(
    ("path", "size", "megabytes"),
    [
        ("/build/some-gpt/knowledge", 600 * MEGABYTE, 513),
        ("/api/v1/gpts/some-gpt/knowledge", 600 * MEGABYTE, 513),
        ("/api/v1/gpts/some-gpt", 40 * MEGABYTE, 32),
        ("/accounts/login/", 40 * MEGABYTE, 32),
        ("/no/such/place", 40 * MEGABYTE, 32),
    ],
)
def test_a_content_length_over_the_limit_is_refused_before_the_body_is_read(
    path: str, size: int, megabytes: int, server: WebService
) -> None:
    head = (
        f"POST {path} HTTP/1.1\nHost: {server.url[7:]}\nContent-Type: text/plain\nContent-Length: {size}\n\n"
    )

    status, text = send_raw_request(server, head)

    assert status == 413
    assert f"at most {megabytes} MB can be sent here. Nothing was kept." in text
    if path.startswith("/api/"):
        error = json.loads(text)["error"]
        assert (error["code"], error["data"]) == ("request_too_large", {"limit": megabytes * MEGABYTE})


def test_a_chunked_body_is_refused_at_the_limit(server: WebService) -> None:
    head = f"POST /accounts/login/ HTTP/1.1\nHost: {server.url[7:]}\nTransfer-Encoding: chunked\n\n"
    chunk = b"100000\r\n" + b"x" * MEGABYTE + b"\r\n"

    status, _text = send_raw_request(server, head, chunk * 33)

    assert status == 413


def test_a_refused_upload_stores_nothing_and_the_service_still_answers(server: WebService) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create()
    browser = WebClient(server.url, gpt.owner)
    media = Path(settings.MEDIA_ROOT)
    before = sorted(media.rglob("*"))

    path = f"/build/{gpt.slug}/knowledge"
    headers = {"Content-Length": str(600 * MEGABYTE), "Content-Type": "multipart/form-data; boundary=x"}
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar)
    head = (
        f"POST {path} HTTP/1.1\nHost: {server.url[7:]}\nCookie: {cookies}\n"
        + "".join(f"{name}: {value}\n" for name, value in headers.items())
        + "\n"
    )
    status, text = send_raw_request(server, head, b"--x\r\n")

    assert (status, "<h1" in text) == (413, True)
    assert sorted(media.rglob("*")) == before
    assert not KnowledgeFile.objects.exists()
    assert browser.http.get(path).status_code == 200
    browser.close()


def test_an_empty_file_is_refused_with_a_message(server: WebService) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create()
    browser = WebClient(server.url, gpt.owner)

    answer = browser.http.post(f"/build/{gpt.slug}/knowledge", files={"file": ("a.pdf", b"")})
    browser.close()

    assert answer.status_code == 400
    assert "a.pdf: There is no text in this file." in answer.text
    assert not KnowledgeFile.objects.exists()


@pytest.mark.anyio
async def test_the_asgi_handler_stops_reading_at_the_limit(settings: Any) -> None:
    settings.REQUEST_BYTES = 10
    parts = [b"12345", b"67890", b"x", b"never read"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": True}

    scope: dict[str, Any] = {"path": "/", "headers": [(b"transfer-encoding", b"chunked")]}
    take = limit_body(scope, receive)
    taken = [await take() for _time in range(3)]

    assert [message["body"] for message in taken] == [b"12345", b"67890", b""]
    assert [message["more_body"] for message in taken] == [True, True, False]
    assert scope[REFUSED] == 10
    assert parts == [b"never read"]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "tail"), [("PATCH", ""), ("POST", "/knowledge")])
def test_json_is_limited_to_five_megabytes_also_on_upload_routes(method: str, tail: str) -> None:
    gpt = GPTFactory.create()
    body = {"revision": gpt.draft_revision, "name": "Other", "more": [{}] * 1_800_000}

    answer = ApiClient(gpt.owner)(method, f"gpts/{gpt.slug}{tail}", body)

    gpt.refresh_from_db()
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (413, "request_too_large")
    assert (error["data"], gpt.name) == ({"limit": 5 * MEGABYTE}, "Essay coach")
    assert not KnowledgeFile.objects.exists()
