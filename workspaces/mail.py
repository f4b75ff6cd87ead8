"""The e-mail backend of requests: a slow mail server must not hold a request's database connection."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from workspaces.services.mails import enqueue_messages


class QueuedEmailBackend(BaseEmailBackend):
    """For what libraries send: as our own mails, stored in the request's transaction and sent by a worker."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        enqueue_messages(email_messages)
        return len(email_messages)
