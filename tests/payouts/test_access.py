"""Rows of finance: missing rows and users outside finance get the same NotFound."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import NotFound
from core.periods import Period
from payouts.access import (
    access_batch,
    access_entry,
    access_payee,
    access_payout,
    access_payout_account,
    access_period,
    access_rate_card,
    access_statement,
)
from payouts.models import Batch, JournalEntry, Statement
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import (
    PERIOD,
    close_march,
    create_exported_payout,
    create_uses,
    create_verified_account,
)
from workspaces.models import User

MISSING = 999_999
pytestmark = pytest.mark.django_db(transaction=True)


def test_finance_staff_access_every_row() -> None:
    creator, maker, checker = UserFactory.create(), FinanceUserFactory.create(), FinanceUserFactory.create()
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(), 600)
    close_march(maker=maker, checker=checker)
    account = create_verified_account(creator, by=maker)
    payout = create_exported_payout(maker=maker, checker=checker)
    statement, entry = Statement.objects.get(), JournalEntry.objects.earliest("pk")

    assert access_period(maker, PERIOD).month == "2026-03"
    assert access_statement(maker, statement.pk) == access_statement(creator, statement.pk) == statement
    assert access_batch(maker, payout.batch_id) == Batch.objects.get()
    assert access_payout(maker, payout.pk) == payout
    assert access_entry(maker, entry.pk) == entry
    assert access_rate_card(maker, 1).version == 1
    assert access_payout_account(maker, account.pk) == account
    assert access_payee(maker, creator.pk) == creator
    with pytest.raises(NotFound):
        access_statement(UserFactory.create(), statement.pk)


@pytest.mark.parametrize(
    "access",
    [
        access_batch, access_entry, access_payee, access_payout, access_payout_account, access_rate_card,
        access_statement,
    ],
)  # fmt: skip
@pytest.mark.parametrize("factory", [UserFactory, FinanceUserFactory])
def test_missing_rows_are_not_found(
    access: Callable[[User, int], object], factory: type[UserFactory]
) -> None:
    with pytest.raises(NotFound) as refusal:
        access(factory.create(), MISSING)

    assert refusal.value.code == "not_found"


@pytest.mark.parametrize("factory", [UserFactory, FinanceUserFactory])
def test_missing_months_are_not_found(factory: type[UserFactory]) -> None:
    with pytest.raises(NotFound) as refusal:
        access_period(factory.create(), Period(2031, 1))

    assert refusal.value.code == "not_found"
