"""Texts of model instances, as logs and the shell show them."""

from __future__ import annotations

from datetime import date

import pytest
from django.db.models import Model

from payouts.models import (
    Account,
    AccountBalance,
    AccountingPeriod,
    Batch,
    CloseLine,
    CloseRun,
    JournalEntry,
    Payout,
    PayoutAccount,
    Posting,
    RateCard,
    RateCardLine,
    RollupState,
    Statement,
    StatementLine,
    Transition,
    UsageRollup,
    UsageVerdict,
)


@pytest.mark.parametrize(
    ("instance", "text"),
    [
        (Account(name="Assets:Bank:Main"), "Assets:Bank:Main"),
        (AccountBalance(account_id=3, balance_minor=-7), "3: -7"),
        (AccountingPeriod(month="2026-03"), "2026-03"),
        (Batch(pk=4), "batch 4"),
        (CloseLine(payee_id=1, gpt_id=2, verdict="capped"), "1 2 capped"),
        (CloseRun(number=2, period_id=9), "run 2 of 9"),
        (JournalEntry(idempotency_key="item:5"), "item:5"),
        (Payout(pk=5), "payout 5"),
        (PayoutAccount(payee_id=1), "payout account of 1"),
        (Posting(amount_minor=-5, currency="USD"), "-5 USD"),
        (RateCard(version=3), "rate card 3"),
        (RateCardLine(amount_micros=4000, unit="message"), "4000 per message"),
        (RollupState(watermark=12), "up to 12"),
        (Statement(pk=8), "statement 8"),
        (StatementLine(gpt_name="Planner", verdict="qualified"), "Planner qualified"),
        (Transition(before="open", after="grace"), "open → grace"),
        (UsageRollup(day=date(2026, 3, 1), payee_id=1, gpt_id=2, verdict="void"), "2026-03-01 1 2 void"),
        (UsageVerdict(event_id="a-b", verdict="fraud"), "a-b fraud"),
    ],
)
def test_text_of_an_instance_names_it(instance: Model, text: str) -> None:
    assert str(instance) == text


def test_credit_of_a_posting_is_its_negated_amount() -> None:
    assert Posting(amount_minor=-5).credit_minor == 5
