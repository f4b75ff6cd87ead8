"""A test of the mail server: a worker sends a mail to the operator who asked, and tells the answer."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import record
from core.errors import DomainError
from core.scope import system_scope
from workspaces.mail_text import MailText
from workspaces.models import OutboundJob, User
from workspaces.queries.jobs import MAIL_TEST_JOB
from workspaces.rules import is_operator
from workspaces.services.mails import build_message
from workspaces.services.outbound_jobs import handles, request_job

LONGEST_ANSWER = 300
FILES = "filebased"


class MailTestFailed(DomainError):
    """The mail was not taken; the message says why, in the server's words where it gave some."""


def request_mail_test(*, by: User, at: datetime) -> OutboundJob:
    """Have a worker send a test mail to ``by``, who is an operator; raises what request_job raises. Audited.

    A test that waits or runs already is returned instead.
    """
    with transaction.atomic():
        job = request_job(
            kind=MAIL_TEST_JOB, workspace=None, subject_id=by.pk, address=describe_mail_server(), by=by, at=at
        )
        if job.created_at == at:
            record(action="workspaces.mail_tested", by=by, at=at, subject=by)
    return job


def describe_mail_server() -> str:
    """Return where mails go, without user name and password: "smtp.example.org:587", or a folder."""
    if is_delivered():
        return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    return str(settings.EMAIL_FILE_PATH or "")


def is_delivered() -> bool:
    """Return whether mails leave this server; without EMAIL_URL they are written to files."""
    return FILES not in str(settings.EMAIL_DELIVERY_BACKEND)


@handles(MAIL_TEST_JOB)
def run_mail_test(job: OutboundJob) -> dict[str, Any]:
    """Send the mail at once, past the queue of mails; return what to tell, or raise MailTestFailed."""
    with system_scope(MAIL_TEST_JOB):
        person = User.objects.filter(pk=job.requested_by_id, is_active=True).first()
        if person is None or not is_operator(person):
            raise MailTestFailed(_("You are no operator any more."), code="not_operator")
        text = MailText(
            subject=_("Test of the mail server"),
            paragraphs=(
                _("An operator asked for this mail on the page Health. It arrived: mails are delivered."),
            ),
        )
        message = build_message(to=person.email, text=text)
    try:
        get_connection(settings.EMAIL_DELIVERY_BACKEND).send_messages([message])
    except (smtplib.SMTPException, OSError) as failure:
        raise explain(failure) from failure
    if not is_delivered():
        return {
            "message": _("Written to the folder %(folder)s. Set EMAIL_URL, so that mails leave this server.")
            % {"folder": describe_mail_server()}
        }
    return {
        "message": _("%(server)s took the mail for %(address)s. Look whether it arrives.")
        % {"server": describe_mail_server(), "address": person.email}
    }


def explain(failure: Exception) -> MailTestFailed:
    """Return what a failure means and what the server said, without the password."""
    server = {"server": describe_mail_server()}
    code, said = _read_answer(failure)
    answer = f" {_('It said: %(answer)s') % {'answer': f'{code} {said}'.strip()}}" if code or said else ""
    for kinds, name, text in (
        (
            smtplib.SMTPAuthenticationError,
            "bad_login",
            _("%(server)s refuses the user name or password. Correct EMAIL_URL."),
        ),
        (
            smtplib.SMTPSenderRefused,
            "sender_refused",
            _("%(server)s refuses the sender. Correct DEFAULT_FROM_EMAIL, or allow the address there."),
        ),
        (smtplib.SMTPRecipientsRefused, "recipient_refused", _("%(server)s refuses your address.")),
        (
            smtplib.SMTPNotSupportedError,
            "not_supported",
            _("%(server)s lacks what EMAIL_URL asks for, such as encryption or sign-in."),
        ),
        (smtplib.SMTPServerDisconnected, "disconnected", _("%(server)s ended the connection.")),
        (smtplib.SMTPException, "refused", _("%(server)s refuses the mail.")),
        (ssl.SSLError, "bad_tls", _("The encryption with %(server)s failed: look at port and certificate.")),
        (
            TimeoutError,
            "no_answer",
            _("%(server)s does not answer in time. Look at host, port and firewall."),
        ),
        (
            ConnectionRefusedError,
            "no_server",
            _("Nothing listens at %(server)s. Look at host and port of EMAIL_URL."),
        ),
    ):
        if isinstance(failure, kinds):
            return MailTestFailed(f"{text % server}{answer}", code=name)
    return MailTestFailed(
        _("%(server)s cannot be reached. Look at the name of the host in EMAIL_URL.") % server,
        code="unreachable",
    )


def _read_answer(failure: Exception) -> tuple[str, str]:
    """Return code and words of the server, as one line without the password."""
    code: int
    said: bytes | str
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(failure.recipients.values()), (0, b""))
    elif isinstance(failure, smtplib.SMTPResponseException):
        code, said = failure.smtp_code, failure.smtp_error
    elif isinstance(failure, smtplib.SMTPException):
        code, said = 0, str(failure)
    else:
        return "", ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    for secret in (settings.EMAIL_HOST_PASSWORD, settings.EMAIL_HOST_USER):
        if secret:
            text = text.replace(secret, "…")
    return str(code) if code and code > 0 else "", text[:LONGEST_ANSWER]
