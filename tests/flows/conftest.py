"""Fixtures of flows: API clients with keys for the real web service."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.api_client import LiveApiClient
from tests.support.services import WebService
from workspaces.models import User


@pytest.fixture
def make_api_client(server: WebService) -> Iterator[Callable[..., LiveApiClient]]:
    clients: list[LiveApiClient] = []

    def make(user: User, *scopes: str) -> LiveApiClient:
        clients.append(LiveApiClient(server.url, user, scopes))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
