"""Fixtures of flows: the model server, and API clients with keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.fakes.openai_server import Running, running_server
from tests.flows.api_client import Program
from tests.flows.stage import a_provider
from tests.support.services import WebService
from workspaces.models import User


@pytest.fixture
def model_server(transactional_db: None) -> Iterator[Running]:
    """The fake model server, configured as the instance's provider."""
    with running_server() as running:
        a_provider(running.url)
        yield running


@pytest.fixture
def program_of(server: WebService) -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def make(user: User, *scopes: str) -> Program:
        programs.append(Program(server.url, user, scopes))
        return programs[-1]

    yield make
    for program in programs:
        program.close()
