"""Invariants that the database enforces, each violated by direct writes."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model

from core.scope import Scope, open_scope
from payouts.models import (
    Account,
    AccountBalance,
    AccountingPeriod,
    Batch,
    CloseLine,
    JournalEntry,
    Payout,
    Posting,
    RateCard,
    RateCardLine,
    Statement,
    StatementLine,
    Transition,
    UsageRollup,
    UsageVerdict,
)
from payouts.services import approve_close, close_period, open_period, verify_ledger
from payouts.services.ledger import (
    AccountName,
    EntryDraft,
    pending_account,
    post_entries,
    revenue_share_account,
    reverse_entry,
)
from payouts.states import EntryKind
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import CLOSING, PERIOD, close_march, create_uses
from tests.support.times import MARCH
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)
CASH, COST = AccountName("Assets:Bank:Main"), AccountName("Expenses:RevenueShare:2026-03")


def build_draft(key: str, *amounts: int, accounts: tuple[AccountName, ...] = (CASH, COST)) -> EntryDraft:
    return EntryDraft(EntryKind.BANK, key, "test", "USD", list(zip(accounts, amounts, strict=True)))


def create_closed_march() -> tuple[User, User]:
    creator, checker = UserFactory.create(display_name="Creator"), FinanceUserFactory.create()
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(display_name="Visitor"), 5)
    close_march(maker=FinanceUserFactory.create(), checker=checker)
    return creator, checker


def assert_refused(sql: str, match: str) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_unbalanced_entry_is_refused_at_commit() -> None:
    with pytest.raises(IntegrityError, match="does not balance"):
        post_entries([build_draft("a", 5, -4)], by=None, at=CLOSING)

    assert (JournalEntry.objects.count(), Posting.objects.count(), AccountBalance.objects.count()) == (
        0,
        0,
        0,
    )


def test_entry_without_postings_is_refused_at_commit() -> None:
    period = open_period(PERIOD, at=MARCH)
    with pytest.raises(IntegrityError, match="no postings"):
        JournalEntry.objects.create(
            kind="bank", idempotency_key="empty", period=period, description="x", happened_at=MARCH
        )


def test_posting_of_zero_is_refused() -> None:
    with pytest.raises(IntegrityError, match="payouts_posting_not_zero"):
        post_entries([build_draft("zero", 0, 0)], by=None, at=MARCH)


def test_posting_in_another_currency_than_its_account_is_refused() -> None:
    entry = post_entries([build_draft("usd", 5, -5)], by=None, at=MARCH)[0]
    account = Account.objects.get(name=CASH.name)
    with transaction.atomic():
        new = JournalEntry.objects.create(
            kind="bank", idempotency_key="eur", period=entry.period, description="x", happened_at=MARCH
        )
        with pytest.raises(IntegrityError, match="another currency"), transaction.atomic():
            Posting.objects.create(entry=new, account=account, amount_minor=1, currency="EUR")
        transaction.set_rollback(True)


def test_entries_are_checked_at_commit_after_the_writers_scope_has_ended() -> None:
    """Row-level security hides the postings by then; the trigger widens its rights and restores them."""
    finance = Scope(staff=frozenset({"finance"}))

    with open_scope(Scope()), connection.cursor() as cursor:
        with open_scope(finance):
            post_entries([build_draft("outer scope ended", 5, -5)], by=None, at=MARCH)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT loggia_has_staff('finance')")
        assert cursor.fetchone() == (False,)

    assert [posting.amount_minor for posting in Posting.objects.order_by("amount_minor")] == [-5, 5]


def test_posting_cannot_be_added_to_an_entry_of_another_transaction() -> None:
    entry = post_entries([build_draft("first", 5, -5)], by=None, at=MARCH)[0]
    account = Account.objects.get(name=CASH.name)

    with pytest.raises(DatabaseError, match="transaction of their head"):
        Posting.objects.create(entry=entry, account=account, amount_minor=7, currency="USD")
    assert verify_ledger() == []


def test_idempotency_key_is_unique_in_the_database() -> None:
    entry = post_entries([build_draft("once", 5, -5)], by=None, at=MARCH)[0]

    with pytest.raises(IntegrityError, match="idempotency_key"):
        JournalEntry.objects.create(
            kind="bank", idempotency_key="once", period=entry.period, description="x", happened_at=MARCH
        )


@pytest.mark.parametrize(
    "model",
    [RateCard, RateCardLine, CloseLine, Statement, StatementLine, Account, JournalEntry, Posting, Transition],
)
def test_append_only_tables_refuse_changes(model: type[Model]) -> None:
    create_closed_march()
    table = model._meta.db_table

    assert_refused(f"UPDATE {table} SET id = id", "append-only|permission denied")
    assert_refused(f"DELETE FROM {table}", "append-only|permission denied")
    assert_refused(f"TRUNCATE {table} CASCADE", "append-only|permission denied|must be owner")


def test_balances_change_by_postings_only() -> None:
    post_entries([build_draft("one", 5, -5), build_draft("two", 3, -3)], by=None, at=MARCH)

    assert AccountBalance.objects.get(account__name=CASH.name).balance_minor == 8
    assert_refused("UPDATE payouts_accountbalance SET balance_minor = 1000", "follow from postings")
    assert_refused("DELETE FROM payouts_accountbalance", "follow from postings")


def test_posting_into_a_closed_month_is_refused() -> None:
    create_closed_march()

    with pytest.raises(IntegrityError, match="2026-03 is closed"):
        post_entries([build_draft("late", 5, -5)], by=None, at=MARCH)
    assert verify_ledger() == []


def test_closed_month_cannot_be_reopened_or_deleted() -> None:
    create_closed_march()

    assert_refused(
        "UPDATE payouts_accountingperiod SET state = 'open' WHERE month = '2026-03'", "cannot be changed"
    )
    assert_refused(
        "DELETE FROM payouts_accountingperiod WHERE month = '2026-03'",
        "cannot be changed|permission|violates",
    )


def test_month_cannot_skip_a_state() -> None:
    open_period(PERIOD, at=MARCH)

    assert_refused(
        "UPDATE payouts_accountingperiod SET state = 'closed' WHERE month = '2026-03'", "cannot go from"
    )
    assert_refused("INSERT INTO payouts_accountingperiod"
            " (month, state, currency, funded_minor, carried_minor, digest)"
            " VALUES ('2026-04', 'closed', 'USD', 0, 0, 'x')", "begins open")  # fmt: skip


def test_line_cannot_be_added_to_an_issued_statement() -> None:
    creator, _checker = create_closed_march()
    statement = Statement.objects.get()

    with pytest.raises(DatabaseError, match="transaction of their head"):
        StatementLine.objects.create(
            statement=statement, payee=creator, position=99, gpt_id=1, gpt_name="x", origin_month="2026-03",
            verdict="qualified", conversations=1, messages=1, output_tokens=1, amount_minor=100,
        )  # fmt: skip


def test_rate_cannot_be_added_to_an_existing_card() -> None:
    card = RateCard.objects.get(version=1)

    with pytest.raises(DatabaseError, match="transaction of their head"):
        RateCardLine.objects.create(rate_card=card, unit="1k_tokens", amount_micros=1)


def test_reversal_mirrors_its_entry() -> None:
    _creator, checker = create_closed_march()
    entry = post_entries([build_draft("wrong", 5, -5)], by=checker, at=CLOSING)[0]

    reverse_entry(entry=entry, by=checker, at=CLOSING, reason="Typing error")

    assert AccountBalance.objects.get(account__name=CASH.name).balance_minor == 0
    other = post_entries([build_draft("other", 9, -9)], by=checker, at=CLOSING)[0]
    half = EntryDraft(EntryKind.REVERSAL, "half", "x", "USD", [(CASH, -8), (COST, 8)], reversal_of=other)
    with pytest.raises(IntegrityError, match="does not mirror"):
        post_entries([half], by=checker, at=CLOSING)


def test_posting_concurrent_with_the_close_waits_and_is_refused() -> None:
    """The second connection writes directly while the first has not committed yet."""
    creator, maker, checker = (
        UserFactory.create(display_name="Creator"),
        FinanceUserFactory.create(),
        FinanceUserFactory.create(),
    )
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(display_name="Visitor"), 5)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    post_entries([build_draft("warm", 5, -5)], by=None, at=MARCH)
    period = AccountingPeriod.objects.get(month="2026-03")
    accounts = list(Account.objects.filter(name__in=[CASH.name, COST.name]).values_list("pk", flat=True))
    outcome: list[str] = []

    def race() -> None:
        try:
            with transaction.atomic():
                entry = JournalEntry.objects.create(
                    kind="bank", idempotency_key="race", period=period, description="x", happened_at=MARCH
                )
                Posting.objects.create(entry=entry, account_id=accounts[0], amount_minor=5, currency="USD")
                Posting.objects.create(entry=entry, account_id=accounts[1], amount_minor=-5, currency="USD")
            outcome.append("posted")
        except IntegrityError as error:
            outcome.append(str(error))
        finally:
            connection.close()

    racer = threading.Thread(target=race)
    with transaction.atomic():
        approve_close(period=PERIOD, by=checker, at=CLOSING)
        racer.start()
        racer.join(timeout=1)
        assert outcome == []
    racer.join(timeout=20)

    assert "2026-03 is closed" in outcome[0]
    assert verify_ledger() == []


def test_row_level_security_shows_payees_their_own_rows_only() -> None:
    creator, checker = create_closed_march()
    stranger = UserFactory.create(display_name="Stranger")
    own = (Statement, StatementLine, UsageRollup, AccountBalance, Account)
    secret = (JournalEntry, Posting, CloseLine, Batch, Transition, UsageVerdict)

    with open_scope(Scope(user_id=creator.pk)):
        assert all(model.objects.exists() for model in own)
        assert not any(model.objects.exists() for model in secret)
        with pytest.raises(DatabaseError), transaction.atomic():
            Payout.objects.create(
                batch_id=1, payee=creator, currency="USD", amount_minor=1, method="manual", legal_name="x",
                country="DE", created_at=MARCH,
            )  # fmt: skip
    with open_scope(Scope(user_id=stranger.pk)):
        assert not any(model.objects.exists() for model in (*own, *secret))
    with open_scope(Scope(user_id=checker.pk, staff=frozenset({"finance"}))):
        assert all(model.objects.exists() for model in (*own, JournalEntry, Posting, CloseLine, Transition))
    assert (pending_account(1).payee_id, revenue_share_account("2026-03").payee_id) == (1, None)
