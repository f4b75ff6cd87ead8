"""Fixtures of chat tests: the fake model server, and browsers on the real web service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.openai_server import ModelServer, start_model_server
from tests.support.web_client import WebClient
from workspaces.models import User


@pytest.fixture(scope="session")
def _model_server() -> Iterator[ModelServer]:
    running = start_model_server()
    yield running
    running.stop()


@pytest.fixture
def model_server(_model_server: ModelServer) -> ModelServer:
    _model_server.state.requests.clear()
    _model_server.state.control = ""
    return _model_server


@pytest.fixture
def browser_of(server: Any) -> Iterator[Callable[[User | None], WebClient]]:
    """Open a browser of a person, or of a visitor, on the real web service."""
    opened: list[WebClient] = []

    def make(user: User | None = None) -> WebClient:
        opened.append(WebClient(server.url, user))
        return opened[-1]

    yield make
    for browser in opened:
        browser.close()
