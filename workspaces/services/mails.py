"""Mails leave by a job: no request waits for a mail server, and none takes longer because it sends one."""

from __future__ import annotations

import json
from uuid import uuid4

from core.jobs import enqueue_on_commit
from core.secrets import seal
from workspaces.mail_text import MailText, render_mail

MAIL_PURPOSE = "workspaces.mail"


def enqueue_mail(*, to: str, text: MailText) -> None:
    """Send a mail after the commit, in the active language. Its content is sealed, because links and codes in
    it are secrets and the queue is plain Redis."""
    row, mail = str(uuid4()), render_mail(text)
    values = json.dumps([to, mail.subject, mail.body, mail.html])
    enqueue_on_commit(
        "workspaces.send_mail",
        row=row,
        sealed=seal(values, purpose=MAIL_PURPOSE, tenant="mail", row=row),
    )
