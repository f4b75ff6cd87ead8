"""Fixtures of several folders: the fake model server, clients of the web service, a test's own storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    # Each is imported by the fixture that needs it: a test of a pure function then starts a second sooner.
    from tests.fakes.openai_server import ModelServer
    from tests.support.services import WebService
    from tests.support.web_client import MakeWebClient, WebClient
    from workspaces.models import User


@pytest.fixture(scope="session")
def shared_model_server() -> Iterator[ModelServer]:
    from tests.fakes.openai_server import run_model_server

    with run_model_server() as running:
        yield running


@pytest.fixture
def model_server(shared_model_server: ModelServer) -> ModelServer:
    """The fake model server with nothing received yet and no stream of an earlier test open."""
    shared_model_server.reset()
    return shared_model_server


@pytest.fixture
def provider(model_server: ModelServer, settings: Any) -> ModelServer:
    """The fake model server at an address that workspaces may use."""
    settings.OUTBOUND_TENANT_PRIVATE_HOSTS = [model_server.url.removeprefix("http://").removesuffix("/v1")]
    return model_server


@pytest.fixture
def instance_provider(transactional_db: None, model_server: ModelServer) -> ModelServer:
    """The fake model server, configured as the instance's own provider."""
    from tests.support.chat import configure_provider

    configure_provider(model_server.url)
    return model_server


@pytest.fixture
def deliver_mails(django_capture_on_commit_callbacks: Any) -> Callable[[], AbstractContextManager[None]]:
    """Run the jobs that a block enqueues: mails are in the outbox then. For tests in one transaction."""

    from tests.support.jobs import run_enqueued_jobs

    @contextmanager
    def deliver() -> Iterator[None]:
        with django_capture_on_commit_callbacks(execute=True):
            yield
        # A job may leave mails to be sent after its own commit.
        while True:
            with django_capture_on_commit_callbacks(execute=True):
                if not run_enqueued_jobs():
                    break

    return deliver


@pytest.fixture
def make_web_client(server: WebService) -> Iterator[MakeWebClient]:
    """Make an HTTP client of a person, or of a visitor, for the real web service."""
    from tests.support.web_client import WebClient

    clients: list[WebClient] = []

    def make(user: User | None = None, *, follow_redirects: bool = False) -> WebClient:
        clients.append(WebClient(server.url, user, follow_redirects=follow_redirects))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def own_media(settings: Any, tmp_path: Path) -> Path:
    """The folder of uploaded files, empty and only of this test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"
