"""Waiting for another host inside a transaction is an error, whichever client waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from structlog.testing import capture_logs

from core.connections import WaitInTransactionError, release_connection
from core.outbound import fetch
from core.outbound_purposes import Purpose
from core.scope import NOBODY, open_scope, public_reader, system_scope
from gpts.llm.runtime.completions import complete
from gpts.llm.runtime.embeddings import embed
from gpts.llm.runtime.types import ModelAPI, ModelRequest, PromptMessage
from tests.fakes.openai_server import ModelServer
from tests.fakes.smtp_server import MailServer, run_mail_server
from tests.support.model_calls import create_spec
from tests.support.web_site import Site, run_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    with run_site() as running:
        settings.OUTBOUND_TENANT_PRIVATE_HOSTS = [running.place]
        yield running


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with run_mail_server() as running:
        yield running


@pytest.mark.parametrize(
    "hold",
    [transaction.atomic, public_reader, lambda: open_scope(NOBODY), lambda: system_scope("test")],
    ids=["transaction", "public page", "scope", "system scope"],
)
def test_nothing_is_fetched_inside_a_transaction(site: Site, hold: Callable[[], Any]) -> None:
    url = site.put("/a", "text")

    with hold(), pytest.raises(WaitInTransactionError):
        fetch(url, purpose=Purpose.KNOWLEDGE_PAGE)

    assert site.asked == []
    assert fetch(url, purpose=Purpose.KNOWLEDGE_PAGE).body == b"text"


def test_no_model_is_called_inside_a_transaction(model_server: ModelServer) -> None:
    spec = create_spec(model_server, "normal", ModelAPI.CHAT_COMPLETIONS)
    request = ModelRequest(spec=spec, messages=(PromptMessage("user", "Hello"),), max_output_tokens=10)

    with open_scope(NOBODY):
        with pytest.raises(WaitInTransactionError):
            embed(spec, ["text"], timeout=1.0)
        with pytest.raises(WaitInTransactionError):
            asyncio.run(complete(request))

    assert model_server.state.requests == []


def test_no_mail_is_sent_inside_a_transaction(mail_server: MailServer) -> None:
    backend = get_connection("core.mail.SmtpBackend", host="127.0.0.1", port=mail_server.port, timeout=5)
    mail = EmailMessage("Subject", "Body", "from@example.com", ["to@example.com"])

    with transaction.atomic(), pytest.raises(WaitInTransactionError):
        backend.send_messages([mail])

    assert mail_server.connections == 0
    assert backend.send_messages([mail]) == 1
    assert "Subject: Subject" in mail_server.mails[0]


def test_in_production_it_is_logged_and_goes_on(site: Site, settings: Any) -> None:
    settings.WAIT_IN_TRANSACTION_RAISES = False
    url = site.put("/a", "text")

    with capture_logs() as logs, open_scope(NOBODY):
        assert fetch(url, purpose=Purpose.KNOWLEDGE_PAGE).body == b"text"

    assert ("wait_in_transaction", "knowledge_page") in [(row["event"], row["waits_for"]) for row in logs]


def test_after_a_scope_failed_nothing_counts_as_open() -> None:
    with pytest.raises(ZeroDivisionError), open_scope(NOBODY):
        _ = 1 / 0

    release_connection("test")
