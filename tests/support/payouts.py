"""Arranging tests of payouts: usage, a closed month, payout accounts, and an API client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from core.periods import Period
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.metering.models import UsageEvent
from payouts.models import AccountBalance, AccountingPeriod, Payout, PayoutAccount
from payouts.services import (
    approve_batch,
    approve_close,
    close_period,
    export_batch,
    open_period,
    propose_batch,
    save_payout_account,
    verify_payout_account,
)
from tests.support.factories.metering import UsageEventFactory
from tests.support.times import MARCH
from workspaces.models import User

PERIOD = Period(2026, 3)
# After the grace time of March.
CLOSING = datetime(2026, 4, 4, 9, tzinfo=UTC)


def create_uses(gpt: GPT, user: User, count: int) -> None:
    """Insert ``count`` usage events in separate conversations, at irregular times over 28 days of March."""
    first = MARCH.replace(day=1)
    UsageEvent.objects.bulk_create(
        UsageEventFactory.build(
            gpt=gpt,
            user=user,
            at=first + timedelta(days=number % 28, seconds=(number * number * 37) % 40_000),
        )
        for number in range(count)
    )


def close_march(*, maker: User, checker: User) -> AccountingPeriod:
    close_period(period=PERIOD, by=maker, at=CLOSING)
    return approve_close(period=PERIOD, by=checker, at=CLOSING)


def create_verified_account(
    payee: User, *, by: User, legal_name: str = "Creator Legal", iban: str = ""
) -> PayoutAccount:
    """Give ``payee`` a verified payout account whose cooling-off time ends before CLOSING."""
    with system_scope("tests"):
        account = save_payout_account(
            payee=payee,
            legal_name=legal_name,
            country="DE",
            method="iban" if iban else "manual",
            iban=iban,
            minimum_minor=0,
            by=payee,
            at=MARCH,
        )
        return verify_payout_account(account_id=account.pk, by=by, at=MARCH)


def create_exported_payout(*, maker: User, checker: User) -> Payout:
    """Propose, approve and export a batch, and return its only payout."""
    batch = propose_batch(currency="USD", by=maker, at=CLOSING)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)
    return batch.payouts.get()


def get_available(payee: User) -> int:
    """Return the payee's available balance in minor units."""
    name = f"Liabilities:Creators:{payee.pk}:Available"
    return -AccountBalance.objects.get(account__name=name).balance_minor


def get_closable_month(now: datetime) -> Period:
    """Return a month that can be closed today: on its first days, last month is still in grace."""
    return Period.containing(now).previous().previous()


def create_uses_in(period: Period, gpt: GPT, user: User, answers: int = 600) -> None:
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


def create_old_account(payee: User, *, by: User) -> PayoutAccount:
    """Make a verified payout account that is older than the 72 hours for which new ones wait."""
    at = timezone.now() - timedelta(days=5)
    with system_scope("tests"):
        account = save_payout_account(
            payee=payee, legal_name="Cleo Creator", country="DE", method="manual", iban="", minimum_minor=0,
            by=payee, at=at,
        )  # fmt: skip
        return verify_payout_account(account_id=account.pk, by=by, at=at)
