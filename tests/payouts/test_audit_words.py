"""What finance and operators read in the audit log about months, rate cards, batches and payees."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from core.audit_words import Named, Reader
from core.periods import Period
from payouts.audit_words import WORDS
from payouts.models import PayoutAccount, RateCard
from payouts.services.payout_accounts import save_payout_account
from payouts.services.periods import open_period
from tests.support.factories.workspaces import FinanceUserFactory, OperatorUserFactory, UserFactory
from tests.support.times import MARCH
from workspaces.erasure import DELETED_NAME
from workspaces.models import User

pytestmark = pytest.mark.django_db


def name(kind: str, identifier: Any, reader: User) -> Named | None:
    found = WORDS.objects[f"payouts.{kind}"].resolve([str(identifier)], Reader(reader, None))
    return found.get(str(identifier))


def test_only_finance_gets_links_to_months_rate_cards_and_batches() -> None:
    finance, operator = FinanceUserFactory.create(), OperatorUserFactory.create()
    month = open_period(Period(2026, 3), at=MARCH)
    card = RateCard.objects.latest("version")

    assert name("accountingperiod", month.pk, finance) == Named("2026-03", "/finance/periods/2026-03")
    assert name("accountingperiod", month.pk, operator) == Named("2026-03")
    assert name("ratecard", card.pk, finance) == Named(
        f"rate card {card.version}", f"/finance/rules/{card.version}"
    )
    assert name("ratecard", card.pk, operator) == Named(f"rate card {card.version}")
    # A batch that is gone keeps its number, without a page.
    assert name("batch", 7, finance) == Named("batch 7")
    for kind in ("accountingperiod", "ratecard", "payoutaccount", "batch"):
        assert name(kind, "7; DROP TABLE", finance) is None


def test_payees_are_named_until_their_account_is_deleted() -> None:
    finance, payee = FinanceUserFactory.create(), UserFactory.create(display_name="Cleo")
    save_payout_account(
        payee=payee, legal_name="Cleo Legal", country="DE", method="manual", iban="", minimum_minor=0,
        by=payee, at=MARCH,
    )  # fmt: skip
    account = PayoutAccount.objects.get(payee=payee)

    assert name("payoutaccount", account.pk, finance) == Named("Cleo")
    User.objects.filter(pk=payee.pk).update(display_name=DELETED_NAME)
    assert name("payoutaccount", account.pk, finance) is None


@pytest.mark.parametrize(
    ("field", "value", "language", "text"),
    [
        ("minor", 12_345, "en", "$123.45"),
        ("minor", None, "en", ""),
        ("pool_minor", 100_000, "en", "$1,000.00"),
        (
            "rates",
            {"message": 2_500_000, "message/writing": 3_000_000},
            "en",
            "Qualified answer: $2.50; Qualified answer · Writing: $3.00",
        ),
        ("rates", {}, "en", ""),
        ("reference", "R-1", "en", "R-1"),
    ],
)
def test_amounts_and_rates_read_as_money(field: str, value: Any, language: str, text: str) -> None:
    with translation.override(language):
        describe = WORDS.fields[field].describe
        assert describe is not None
        assert describe(value, {"currency": "USD"}) == text
