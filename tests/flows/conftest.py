"""Fixtures of flows: the model server, and API clients with keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.fakes.openai_server import ModelServer, run_model_server
from tests.support.api_client import LiveApiClient
from tests.support.chat import configure_provider
from tests.support.services import WebService
from workspaces.models import User


@pytest.fixture
def model_server(transactional_db: None) -> Iterator[ModelServer]:
    """The fake model server, configured as the instance's provider."""
    with run_model_server() as running:
        configure_provider(running.url)
        yield running


@pytest.fixture
def program_of(server: WebService) -> Iterator[Callable[..., LiveApiClient]]:
    programs: list[LiveApiClient] = []

    def make(user: User, *scopes: str) -> LiveApiClient:
        programs.append(LiveApiClient(server.url, user, scopes))
        return programs[-1]

    yield make
    for program in programs:
        program.close()
