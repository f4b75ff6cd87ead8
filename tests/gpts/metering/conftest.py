"""The clock of tests that look at present windows, and the fake provider of those that chat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from tests.fakes.openai_server import ModelServer, start_model_server
from tests.support.budgets import NOW
from tests.support.web_client import WebClient
from workspaces.models import User


@pytest.fixture
def at_now() -> Iterator[None]:
    """The clock stands at the stage's moment, so that its counters are those of the present window."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(scope="module")
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
    """Make a browser of a person on the real web service."""
    opened: list[WebClient] = []

    def make(user: User | None = None) -> WebClient:
        opened.append(WebClient(server.url, user))
        return opened[-1]

    yield make
    for browser in opened:
        browser.close()
