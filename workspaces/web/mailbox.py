"""/dev/mail/: the e-mails that the instance has sent. Only routed while DEBUG is on."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from workspaces.access import not_found

MAX_FILES = 100
# What Django's file backend writes after each message.
_SEPARATOR = re.compile(r"^-{79}\n", re.MULTILINE)


@dataclass(frozen=True)
class StoredMail:
    name: str
    subject: str
    to: str
    body: str
    sent_at: datetime


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the newest mails; ``?mail=`` shows one."""
    mails = read_mails(Path(settings.EMAIL_FILE_PATH))
    wanted = request.GET.get("mail", "")
    chosen = next((mail for mail in mails if mail.name == wanted), None)
    if wanted and chosen is None:
        raise not_found()
    return render(request, "workspaces/mailbox.html", {"mails": mails, "chosen": chosen})


def read_mails(folder: Path) -> list[StoredMail]:
    """Return the newest mails of the file backend's folder, newest first."""
    if not folder.is_dir():
        return []
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)[:MAX_FILES]
    return [mail for path in files for mail in _read_file(path)]


def _read_file(path: Path) -> list[StoredMail]:
    sent_at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    parts = [part for part in _SEPARATOR.split(path.read_text(errors="replace")) if part.strip()]
    mails = []
    for number, part in enumerate(parts):
        message = email.message_from_string(part, policy=default)
        assert isinstance(message, EmailMessage)
        text = message.get_body(("plain", "html"))
        mails.append(
            StoredMail(
                name=f"{path.stem}-{number}",
                subject=str(message["Subject"] or ""),
                to=str(message["To"] or ""),
                body=text.get_content() if text is not None else "",
                sent_at=sent_at,
            )
        )
    return mails[::-1]
