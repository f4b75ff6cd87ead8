"""A test mail by a job, what the server said in words and no password; the pages Health and Limits."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.operator_limits import ENVIRONMENT, NO_LIMITS, describe, list_limits
from core.instance_settings import DEFINITIONS
from tests.fakes.smtp_server import MailServer, run_mail_server
from tests.support.factories.workspaces import OperatorUserFactory, UserFactory
from tests.support.outbound import run_outbound_jobs
from tests.support.pages import sign_in
from workspaces.models import OutboundJob, OutgoingMail
from workspaces.services.mail_test import explain

pytestmark = pytest.mark.django_db

SEND, SHOW = "/operator/health/mail-test/send", "/operator/health/mail-test"
PASSWORD = "hunter2-canary"


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with run_mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", running.port, 5
        settings.EMAIL_DELIVERY_BACKEND = "core.mail.SmtpBackend"
        yield running


def test_an_operator_gets_a_mail_and_reads_what_the_server_said(mail_server: MailServer) -> None:
    operator = OperatorUserFactory.create(email="olga@ops.test")
    page = sign_in(operator)
    assert page.post(SEND).status_code == 302
    page.post(SEND)
    assert OutboundJob.objects.count() == 1
    assert "A worker is sending the mail." in page.get("/operator/health").content.decode()
    run_outbound_jobs()
    said = page.get(SHOW).content.decode()
    assert f"127.0.0.1:{mail_server.port} took the mail for olga@ops.test." in said
    (sent,) = mail_server.mails
    assert "Subject: Test of the mail server" in sent
    assert "To: olga@ops.test" in sent
    mail_server.refuses = True
    page.post(SEND)
    run_outbound_jobs()
    said = page.get(SHOW).content.decode()
    assert "refuses your address. It said: 550 no" in said
    assert "500" not in said
    assert len(mail_server.mails) == 1
    assert not OutgoingMail.objects.exists()


def test_somebody_who_is_no_operator_any_more_gets_none(mail_server: MailServer) -> None:
    operator = OperatorUserFactory.create()
    sign_in(operator).post(SEND)
    operator.staff_roles.all().delete()

    run_outbound_jobs()

    assert OutboundJob.objects.get().error_code == "not_operator"
    assert mail_server.connections == 0
    assert sign_in(UserFactory.create()).post(SEND).status_code == 404


def test_without_a_mail_server_it_says_where_mails_are(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    page = sign_in(OperatorUserFactory.create())
    page.post(SEND)
    run_outbound_jobs()

    assert f"Written to the folder {tmp_path}." in page.get(SHOW).content.decode()
    assert len(list(tmp_path.iterdir())) == 1
    assert "Mails are only written to this folder." in page.get("/operator/health").content.decode()


@pytest.mark.parametrize(
    ("failure", "code", "text"),
    [
        (
            smtplib.SMTPAuthenticationError(535, b"5.7.8 bad hunter2-canary\r\nfor mailer"),
            "bad_login",
            "refuses the user name or password. Correct EMAIL_URL. It said: 535 5.7.8 bad … for …",
        ),
        (
            smtplib.SMTPSenderRefused(553, b"not yours", "a@b.test"),
            "sender_refused",
            "It said: 553 not yours",
        ),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported"), "not_supported", "STARTTLS"),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "disconnected", "ended the"),
        (
            smtplib.SMTPDataError(554, b"spam \x1b[31m" + b"x" * 500),
            "refused",
            "refuses the mail. It said: 554 spam",
        ),
        (ssl.SSLError("bad"), "bad_tls", "look at port and certificate"),
        (TimeoutError(), "no_answer", "does not answer in time"),
        (ConnectionRefusedError(), "no_server", "Nothing listens at mail.test:587."),
        (socket.gaierror(-2, "Name or service not known"), "unreachable", "the name of the host"),
    ],
)
def test_a_failure_is_explained_without_the_password(
    settings: Any, failure: Exception, code: str, text: str
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "mail.test", 587
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "mailer", PASSWORD
    settings.EMAIL_DELIVERY_BACKEND = "core.mail.SmtpBackend"

    told = explain(failure)

    assert told.code == code
    assert text in str(told.message)
    assert PASSWORD not in str(told.message)
    assert len(str(told.message)) <= 500


def test_health_names_each_part_and_is_for_operators() -> None:
    page = sign_in(OperatorUserFactory.create()).get("/operator/health").content.decode()

    for part in ("PostgreSQL", "Waiting jobs", "Workers", "Disk of this server", "Search index", "Mail"):
        assert part in page
    assert sign_in(UserFactory.create()).get("/operator/health").status_code == 404
    assert sign_in(UserFactory.create()).get("/operator/limits").status_code == 404


def test_the_page_of_limits_has_every_number_of_the_environment() -> None:
    source = (Path(__file__).parents[2] / "config/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'env\.(?:int|float)\("([A-Z_]+)"', source))
    shown = {name for _label, rows in ENVIRONMENT for name, _text, _unit in rows}
    assert read - {key.upper() for key in DEFINITIONS} == shown | NO_LIMITS

    page = sign_in(OperatorUserFactory.create()).get("/operator/limits").content.decode()
    for name in shown:
        assert name in page
    assert "/operator/settings#chat_turns_per_minute" in page
    found = {limit.label: limit.value for _label, limits in list_limits() for limit in limits}
    assert found["Instructions of a GPT, in characters"] == "8,000"
    assert found["Editors of a GPT"] == "100"
    assert found["One knowledge file"] == f"{settings.KNOWLEDGE_FILE_BYTES // 1024**2} MB"
    # A value has its unit, so that no label may name another one.
    assert [label for label in found if re.search(r"\b([kMG]B|bytes)\b|%", label)] == []


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(None, "number", "none"), (20 * 1024**2, "bytes", "20 MB"), (1, "hours", "1 hour"),
     (60.0, "seconds", "60 seconds"), (30, "number", "30"), (80, "percent", "80%")],
)  # fmt: skip
def test_a_limit_has_its_unit(value: float | None, unit: str, text: str) -> None:
    assert describe(value, unit) == text
