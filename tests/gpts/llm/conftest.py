"""The fake provider, and leave to speak with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.openai_server import ModelServer, run_model_server


@pytest.fixture(scope="session")
def _provider() -> Iterator[ModelServer]:
    with run_model_server() as running:
        yield running


@pytest.fixture
def provider(_provider: ModelServer, settings: Any) -> ModelServer:
    """The fake provider at an address that workspaces may use."""
    _provider.state.requests.clear()
    _provider.state.control = ""
    host = _provider.url.removeprefix("http://").removesuffix("/v1")
    settings.OUTBOUND_ALLOW_HTTP = True
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [host]
    return _provider
