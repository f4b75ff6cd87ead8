"""Mails leave by a job: no request waits for a mail server, and none takes longer because it sends one."""

from __future__ import annotations

import json
from uuid import uuid4

from core.jobs import enqueue_on_commit
from core.secrets import seal

MAIL_PURPOSE = "workspaces.mail"


def enqueue_mail(*, to: str, subject: str, body: str, html: str = "") -> None:
    """Send a mail after the commit. Its content is sealed, because links and codes in it are secrets and the
    queue is plain Redis."""
    row = str(uuid4())
    enqueue_on_commit(
        "workspaces.send_mail",
        row=row,
        sealed=seal(json.dumps([to, subject, body, html]), purpose=MAIL_PURPOSE, tenant="mail", row=row),
    )
