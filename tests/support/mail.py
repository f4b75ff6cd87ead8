"""Mails that the real web service writes to files, and addresses used once."""

from __future__ import annotations

import re
from itertools import count

from django.conf import settings

from tests.support.waiting import wait_for
from workspaces.web.mailbox import read_mails

_numbers = count(1)


def get_sign_up_code(address: str) -> str:
    """Return the newest sign-up code that the web service has mailed to the address."""

    def newest() -> str:
        for mail in read_mails(settings.MAIL_DIR):
            if address in mail.to and (
                found := re.search(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", mail.body, re.M)
            ):
                return found[1]
        return ""

    return wait_for(newest)


def create_address(name: str) -> str:
    """Return a new e-mail address: all mails of a run share one folder."""
    word = re.sub(r"[^a-z]+", "", name.lower())
    return f"{word}-{next(_numbers)}-{settings.DATABASE_NAME.replace('_', '-')}@example.test"
