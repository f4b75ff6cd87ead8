"""Mails of requests: stored encrypted, sent by a worker after commit, tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.utils import translation

from core.scope import NOBODY, Scope, open_scope
from tests.fakes.smtp_server import MailServer, run_mail_server
from tests.support.jobs import take_jobs
from tests.support.times import NOW
from workspaces.mail_text import MailText
from workspaces.models import OutgoingMail
from workspaces.services.mails import (
    GIVE_UP_HOURS,
    LEASE_SECONDS,
    enqueue_mail,
    send_waiting_mail,
    sweep_mails,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_server(settings: Any) -> Iterator[MailServer]:
    with run_mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", running.port, 5
        settings.EMAIL_DELIVERY_BACKEND = "core.mail.SmtpBackend"
        yield running


def queue_mail(code: str = "canary-4711") -> OutgoingMail:
    mail = EmailMultiAlternatives(
        "Your code", f"It is {code}.", "store@example.com", ["ada@example.com"], headers={"X-Mail": "a"}
    )
    mail.attach_alternative(f"<p>It is <b>{code}</b>.</p>", "text/html")
    assert get_connection("workspaces.mail.QueuedEmailBackend").send_messages([mail]) == 1
    return OutgoingMail.objects.latest("id")


def test_a_queued_mail_is_encrypted_and_sent_as_it_was_written(mail_server: MailServer) -> None:
    row = queue_mail()
    assert "canary-4711" not in row.sealed
    assert mail_server.connections == 0

    assert send_waiting_mail(mail_id=row.pk, at=NOW)
    assert not send_waiting_mail(mail_id=row.pk, at=NOW)

    (sent,) = mail_server.mails
    for part in ("Subject: Your code", "From: store@example.com", "To: ada@example.com", "X-Mail: a",
                 "It is canary-4711.", "<b>canary-4711</b>"):  # fmt: skip
        assert part in sent
    assert not OutgoingMail.objects.exists()


def test_nothing_is_queued_when_the_request_fails() -> None:
    with transaction.atomic():
        queue_mail()
        transaction.set_rollback(True)

    assert not OutgoingMail.objects.exists()


def test_a_mail_that_the_server_refused_is_tried_again(mail_server: MailServer) -> None:
    row = queue_mail()
    mail_server.refuses = True

    with pytest.raises(OSError, match="no"):
        send_waiting_mail(mail_id=row.pk, at=NOW)
    assert not send_waiting_mail(mail_id=row.pk, at=NOW)  # the lease of the failed try
    mail_server.refuses = False
    later = NOW + timedelta(seconds=LEASE_SECONDS + 1)
    assert sweep_mails(at=later) == 1
    assert send_waiting_mail(mail_id=row.pk, at=later)

    assert len(mail_server.mails) == 1


def test_an_old_mail_is_given_up() -> None:
    row = queue_mail()

    assert sweep_mails(at=row.created_at + timedelta(hours=GIVE_UP_HOURS, seconds=1)) == 0

    assert not OutgoingMail.objects.exists()


def test_requests_cannot_read_mails_only_leave_them() -> None:
    queue_mail()

    for scope in (NOBODY, Scope(user_id=1, workspace_ids=(1,), staff=frozenset({"operator"}))):
        with open_scope(scope):
            queue = get_connection("workspaces.mail.QueuedEmailBackend")
            queue.send_messages([EmailMultiAlternatives("a", "b", "c@example.com", ["d@example.com"])])
            assert not OutgoingMail.objects.exists()
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM workspaces_outgoingmail")
                assert cursor.fetchone() == (0,)
    assert OutgoingMail.objects.count() == 3


def test_a_mail_of_ours_takes_the_same_way_and_survives_a_lost_job(
    mail_server: MailServer, django_capture_on_commit_callbacks: Any
) -> None:
    with translation.override("zh-hans"), django_capture_on_commit_callbacks(execute=True):
        enqueue_mail(to="ada@example.com", text=MailText("你好", ("canary-5120",), code="1234"))
    assert [name for name, _arguments in take_jobs()] == ["workspaces.send_queued_mail"]  # and lost
    row = OutgoingMail.objects.get()
    assert "canary-5120" not in row.sealed

    assert sweep_mails(at=row.created_at + timedelta(seconds=LEASE_SECONDS + 1)) == 1
    assert send_waiting_mail(mail_id=row.pk, at=NOW)

    (sent,) = mail_server.mails
    assert "text/plain" in sent and "text/html" in sent and "To: ada@example.com" in sent
    assert not OutgoingMail.objects.exists()
