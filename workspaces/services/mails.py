"""Mails leave by one way: a row in the transaction that wants them, which a worker sends after the commit.

No request waits for a mail server, and no mail is lost while Redis or the mail server is down: a periodic job
finds rows whose job was lost or failed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.connections import has_open_scope
from core.ids import uuid7
from core.instance_settings import get_setting
from core.jobs import enqueue_on_commit
from core.scope import NOBODY, open_scope, system_scope
from core.secrets import seal, unseal
from workspaces.mail_text import MailText, render_mail
from workspaces.models import OutgoingMail

PURPOSE = "workspaces.outgoing_mail"
# A claimed mail is this old only if its worker died or the mail server failed: then it is tried again.
LEASE_SECONDS = 120
# Older mails are given up: their links and codes have expired.
GIVE_UP_HOURS = 24


def enqueue_mail(*, to: str, text: MailText) -> None:
    """Send a mail after the commit, in the active language, as plain text and HTML."""
    enqueue_messages([build_message(to=to, text=text)])


def build_message(*, to: str, text: MailText, headers: dict[str, str] | None = None) -> EmailMessage:
    """Return a mail in the layout of all mails and the active language, as plain text and HTML.

    Send it by enqueue_mail, unless another table than OutgoingMail keeps it until it is sent.
    """
    mail = render_mail(text)
    message = EmailMultiAlternatives(mail.subject, mail.body, None, [to], headers=headers)
    message.from_email = _get_sender(message)
    message.attach_alternative(mail.html, "text/html")
    return message


def enqueue_messages(messages: Sequence[EmailMessage]) -> None:
    """Store messages, encrypted, because links and codes in them are secrets; send them after the commit."""
    # Views that open their scopes themselves may send mails between two of them.
    with transaction.atomic() if has_open_scope() else open_scope(NOBODY):
        for message in messages:
            identifier = uuid7()
            OutgoingMail.objects.create(
                pk=identifier,
                sealed=seal(_serialise(message), purpose=PURPOSE, tenant="instance", row=identifier),
                created_at=timezone.now(),
            )
            enqueue_on_commit("workspaces.send_queued_mail", mail_id=str(identifier))


def send_waiting_mail(*, mail_id: UUID, at: datetime) -> bool:
    """Send a mail unless another worker has it; False then. Call it without a transaction.

    Raises what the mail server raises; the mail is tried again after LEASE_SECONDS.
    """
    with system_scope("workspaces.send_queued_mail"):
        free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=at - timedelta(seconds=LEASE_SECONDS))
        if not OutgoingMail.objects.filter(free, pk=mail_id).update(claimed_at=at):
            return False
        sealed = OutgoingMail.objects.values_list("sealed", flat=True).get(pk=mail_id)
    text = unseal(sealed, purpose=PURPOSE, tenant="instance", row=mail_id)
    get_connection(settings.EMAIL_DELIVERY_BACKEND).send_messages([_deserialise(text)])
    with system_scope("workspaces.send_queued_mail"):
        OutgoingMail.objects.filter(pk=mail_id).delete()
    return True


def sweep_mails(*, at: datetime) -> int:
    """Enqueue mails that wait too long, remove those that are too old; returns how many wait. Idempotent."""
    OutgoingMail.objects.filter(created_at__lt=at - timedelta(hours=GIVE_UP_HOURS)).delete()
    late = at - timedelta(seconds=LEASE_SECONDS)
    waiting = OutgoingMail.objects.filter(
        Q(claimed_at__isnull=True, created_at__lt=late) | Q(claimed_at__lt=late)
    ).order_by("created_at")
    found = list(waiting.values_list("pk", flat=True)[:200])
    for identifier in found:
        enqueue_on_commit("workspaces.send_queued_mail", mail_id=str(identifier))
    return len(found)


def _serialise(message: EmailMessage) -> str:
    if message.attachments:
        raise ValueError("Queued mails have no attachments.")
    alternatives = getattr(message, "alternatives", None) or []
    return json.dumps(
        {
            "subject": str(message.subject),
            "body": str(message.body),
            "from_email": _get_sender(message),
            "to": message.to,
            "cc": message.cc,
            "bcc": message.bcc,
            "reply_to": message.reply_to,
            "headers": message.extra_headers,
            "subtype": message.content_subtype,
            "alternatives": [[str(content), kind] for content, kind in alternatives],
        }
    )


def _get_sender(message: EmailMessage) -> str:
    """Return the sender; ours has the name that operators chose."""
    if message.from_email != settings.DEFAULT_FROM_EMAIL:
        return str(message.from_email)
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    chosen = get_setting("mail_sender_name")
    return str(message.from_email) if chosen == name else formataddr((chosen, address))


def _deserialise(text: str) -> EmailMessage:
    values: dict[str, Any] = json.loads(text)
    subtype, alternatives = values.pop("subtype"), values.pop("alternatives")
    message = EmailMultiAlternatives(**values)
    message.content_subtype = subtype
    for content, kind in alternatives:
        message.attach_alternative(content, kind)
    return message
