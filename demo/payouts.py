"""Seeds payout accounts and closes the first month of the demo's usage, as two people of finance would."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from core.periods import Period
from demo.accounts import People
from demo.usage import get_first_day
from gpts.assistants.states import Category
from payouts.services.close import approve_close, close_period
from payouts.services.payout_accounts import save_payout_account, verify_payout_account
from payouts.services.rate_cards import RateTerms, create_rate_card
from payouts.states import PayoutMethod, Unit

# Numbers from banks' published examples; they belong to nobody.
ACCOUNTS: tuple[tuple[str, str, str, str], ...] = (
    ("creator", "Clara Creator", "DE", "DE89370400440532013000"),
    ("jonas", "Jonas Weber", "AT", "AT611904300234573201"),
    ("amara", "Amara Okafor", "IE", "IE29AIBK93115212345678"),
    ("mei", "Lin Mei", "NL", "NL91ABNA0417164300"),
)


def seed_payout_accounts(people: People, *, at: datetime) -> None:
    """Give four builders a checked account, old enough to be paid to."""
    changed = at - timedelta(days=90)
    for key, legal_name, country, iban in ACCOUNTS:
        payee = people[key]
        account = save_payout_account(
            payee=payee,
            legal_name=legal_name,
            country=country,
            method=PayoutMethod.IBAN,
            iban=iban,
            minimum_minor=0,
            by=payee,
            at=changed,
        )
        verify_payout_account(account_id=account.pk, by=people["finance"], at=changed + timedelta(days=1))


def seed_rates(people: People, *, at: datetime) -> None:
    """Write the demo's rate card, announced in time: rates at which a month earns a payout."""
    create_rate_card(
        currency=settings.PAYOUT_CURRENCY,
        first_month=str(Period.containing(get_first_day(at))),
        rates={
            (Unit.CONVERSATION, ""): 250_000,
            (Unit.MESSAGE, ""): 30_000,
            (Unit.CONVERSATION, Category.EDUCATION): 300_000,
        },
        terms=RateTerms(cap_user_gpt_day=60),
        note="Education earns a fifth more: it is used less often and for longer.",
        by=people["finance"],
        at=get_first_day(at) - timedelta(days=30),
    )


def close_first_month(people: People, *, at: datetime) -> Period:
    """Close the first month of usage; needs the usage to be committed, because the rollup waits for that."""
    period = Period.containing(get_first_day(at))
    closed = period.end + timedelta(days=6)
    close_period(period=period, by=people["finance"], at=closed)
    approve_close(period=period, by=people["finance2"], at=closed + timedelta(hours=5))
    return period
