"""Ledger checks: an intact ledger passes, and each violation that can be written is reported."""

from __future__ import annotations

import pytest

from payouts.models import AccountingPeriod, Batch, CloseRun, Statement
from payouts.services import verify_ledger
from payouts.services.ledger import (
    AccountName,
    EntryDraft,
    in_transit_account,
    pending_account,
    pool_account,
    post_entries,
)
from payouts.states import EntryKind
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import (
    CLOSING,
    close_march,
    create_exported_payout,
    create_uses,
    create_verified_account,
)
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def creator() -> User:
    """A creator with 14.40 USD of March in an exported batch."""
    creator, maker, checker = UserFactory.create(), FinanceUserFactory.create(), FinanceUserFactory.create()
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(), 600)
    close_march(maker=maker, checker=checker)
    create_verified_account(creator, by=maker)
    create_exported_payout(maker=maker, checker=checker)
    assert verify_ledger() == []
    return creator


def list_findings() -> list[tuple[str, str]]:
    return [(finding.rule, finding.detail) for finding in verify_ledger()]


def post(debit: AccountName, credit: AccountName) -> None:
    legs = [(debit, 5), (credit, -5)]
    post_entries([EntryDraft(EntryKind.BANK, "wrong", "Wrong", "USD", legs)], by=None, at=CLOSING)


def test_statement_without_its_lines_is_reported(creator: User) -> None:
    period, run = AccountingPeriod.objects.get(month="2026-03"), CloseRun.objects.get()
    other = UserFactory.create()
    statement = Statement.objects.create(
        period=period, run=run, payee=other, payee_name="x", currency="USD", total_minor=7, sha256="0" * 64,
        issued_at=CLOSING,
    )  # fmt: skip

    assert list_findings() == [
        ("lines sum to their statement", f"statement {statement.pk} says 7, its lines 0"),
        ("statements sum to what was funded", "2026-03 was funded with 1440, its statements sum to 1447"),
        ("statements equal their ledger entries", f"payee {other.pk} in 2026-03: statement 7, ledger 0"),
        ("statements keep their hash", f"statement {statement.pk} has another hash"),
    ]


def test_pool_of_a_closed_month_that_is_not_zero_is_reported(creator: User) -> None:
    post(pool_account("2026-03"), pending_account(creator.pk))

    assert list_findings() == [
        ("pools of closed months are cleared", "Liabilities:Pool:2026-03 holds 5 USD"),
    ]


def test_money_in_transit_that_no_payout_explains_is_reported(creator: User) -> None:
    batch = Batch.objects.get()
    post(in_transit_account(batch.pk), pending_account(creator.pk))

    assert list_findings() == [
        ("batches hold in transit what is open",
         f"batch {batch.pk} holds 1435 in transit, its open payouts are 1440"),
    ]  # fmt: skip


def test_money_from_an_unknown_source_is_reported(creator: User) -> None:
    post(AccountName("Income:Gifts"), pending_account(creator.pk))

    assert list_findings() == [
        ("what was earned is owed, on its way, or paid", "USD: earned 1440, accounted for 1445"),
    ]
