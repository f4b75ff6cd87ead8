"""Sends e-mails by SMTP, outside of any database transaction."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

from core.connections import release_connection


class SmtpBackend(smtp.EmailBackend):
    """Django's SMTP backend. Only workers use it: requests hand their mails to workspaces.mail."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        release_connection("smtp")
        return super().send_messages(email_messages) or 0
