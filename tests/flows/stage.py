"""Helpers of flows: the model provider, mails, people with roles, usage of a past month."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar

from django.conf import settings
from django.utils import timezone

from core.periods import Period
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.llm.services.providers import ensure_instance_provider
from gpts.llm.states import ProviderKind
from gpts.metering.models import UsageEvent
from payouts.models import PayoutAccount
from payouts.services import open_period, save_payout_account, verify_payout_account
from tests.fakes.openai_server import KEY
from tests.support.factories.payouts import UsageEventFactory
from workspaces.models import User
from workspaces.services.staff import grant_staff_role
from workspaces.services.users import create_user
from workspaces.web.mailbox import read_mails

PASSWORD = "a long pass phrase of nobody"
_numbers = count(1)


Found = TypeVar("Found")


def wait_for(find: Callable[[], Found], seconds: float = 30.0) -> Found:
    """Call ``find`` until it returns a true value and return that; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > end:
            raise AssertionError("What the test waited for did not happen.")
        time.sleep(0.05)
    return found


def code_for(address: str) -> str:
    """Return the newest sign-up code that the web service has mailed to the address."""

    def newest() -> str:
        for mail in read_mails(settings.MAIL_DIR):
            if address in mail.to and (
                found := re.search(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", mail.body, re.M)
            ):
                return found[1]
        return ""

    return wait_for(newest)


def an_address(name: str) -> str:
    """Return a new e-mail address: all mails of a run share one folder."""
    word = re.sub(r"[^a-z]+", "", name.lower())
    return f"{word}-{next(_numbers)}-{settings.DATABASE_NAME.replace('_', '-')}@example.test"


def a_provider(url: str, model: str = "echo") -> None:
    """Make the instance's provider, as OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL would."""
    with system_scope("tests"):
        ensure_instance_provider(
            kind=ProviderKind.RESPONSES, base_url=url, key=KEY, model=model, by=None, at=timezone.now()
        )


def a_person(name: str, *roles: str) -> User:
    with system_scope("tests"):
        user = create_user(
            email=an_address(name),
            display_name=name,
            password=PASSWORD,
            is_email_verified=True,
            at=timezone.now() - timedelta(days=90),
        )
        for role in roles:
            grant_staff_role(user=user, role=role, by=None, at=timezone.now())
    return user


def closable_month(now: datetime) -> Period:
    """Return a month that can be closed today: on its first days, last month is still in grace."""
    return Period.containing(now).previous().previous()


def used_in(period: Period, gpt: GPT, user: User, answers: int = 600) -> None:
    """Make metered turns of one person at irregular times in the first 28 days of a past month.

    Chats are metered by the real clock, so a test cannot make usage of a past month in the browser.
    """
    with system_scope("tests"):
        open_period(period, at=period.start)  # as the rollup does when a month begins
        UsageEvent.objects.bulk_create(
            UsageEventFactory.build(
                gpt=gpt, user=user, at=period.start + timedelta(days=n % 28, seconds=(n * n * 37) % 40_000)
            )
            for n in range(answers)
        )


def a_checked_account(payee: User, *, by: User) -> PayoutAccount:
    """Make a verified payout account that is older than the 72 hours for which new ones wait."""
    at = timezone.now() - timedelta(days=5)
    with system_scope("tests"):
        account = save_payout_account(
            payee=payee, legal_name="Cleo Creator", country="DE", method="manual", iban="", minimum_minor=0,
            by=payee, at=at,
        )  # fmt: skip
        return verify_payout_account(account_id=account.pk, by=by, at=at)
