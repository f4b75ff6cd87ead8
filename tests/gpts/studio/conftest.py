"""Fixtures of the studio: the fake model server beside the real web service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.openai_server import Running, start_in_thread
from tests.gpts.chat.stage import Browser
from workspaces.models import User


@pytest.fixture(scope="module")
def _model_server() -> Iterator[Running]:
    running = start_in_thread()
    yield running
    running.stop()


@pytest.fixture
def model_server(_model_server: Running) -> Running:
    _model_server.state.requests.clear()
    _model_server.state.control = ""
    return _model_server


@pytest.fixture
def browser_of(server: Any) -> Iterator[Callable[[User | None], Browser]]:
    """Make a browser of a person on the real web service."""
    opened: list[Browser] = []

    def make(user: User | None = None) -> Browser:
        opened.append(Browser(server.url, user))
        return opened[-1]

    yield make
    for browser in opened:
        browser.close()
