"""The fake model server for the runtime's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.openai_server import ModelServer, start_model_server


@pytest.fixture(scope="session")
def _model_server() -> Iterator[ModelServer]:
    running = start_model_server()
    yield running
    running.stop()


@pytest.fixture
def model_server(_model_server: ModelServer) -> ModelServer:
    """The fake model server with nothing received yet and no stream of an earlier test under way."""
    _model_server.wait_until(lambda state: state.open_streams == 0)
    _model_server.state.requests.clear()
    _model_server.state.control = ""
    _model_server.state.dropped_streams = 0
    return _model_server
