"""The single-thread handler: which chain a path takes, and that an answer keeps every middleware's mark."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator

from config.handler import SingleThreadHandler, find_sync_view
from gpts.chat.streaming.threads import is_chat_view


def test_only_sync_views_run_in_the_sync_chain() -> None:
    assert find_sync_view("/") is not None
    assert find_sync_view("/search") is not None
    assert find_sync_view("/static/css/tokens.css") is None
    assert find_sync_view("/no/such/page") is None


def test_chat_turns_run_in_the_chat_threads() -> None:
    views = {
        path: find_sync_view(path) for path in ("/", "/c/", "/g/some-gpt/chat", "/g/some-gpt/chat/turns")
    }
    assert {path for path, view in views.items() if view and is_chat_view(view)} == {"/g/some-gpt/chat/turns"}
    assert find_sync_view("/api/v1/gpts/some-gpt/conversations") is None


@pytest.mark.django_db(transaction=True)
def test_a_page_runs_all_middleware() -> None:
    async def ask(path: str) -> dict[str, object]:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
            "raw_path": path.encode(), "query_string": b"", "headers": [(b"host", b"localhost")],
            "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        talk: Any = ApplicationCommunicator(SingleThreadHandler(), scope)  # type: ignore[no-untyped-call]
        await talk.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = dict(await talk.receive_output(10))
        while (await talk.receive_output(10)).get("more_body"):
            pass
        await talk.wait(60)  # else the request's body file would be left open
        return start

    for path, status in (("/", 200), ("/g/unknown", 404), ("/no/such/page", 404)):
        answer = async_to_sync(ask)(path)
        names = {name.decode().lower() for name, _value in answer["headers"]}  # type: ignore[attr-defined]
        assert answer["status"] == status
        assert {"content-security-policy", "x-frame-options", "x-content-type-options"} <= names
