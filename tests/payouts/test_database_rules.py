"""What the database refuses, each tried from below the services."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model

from core.periods import Period
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
from payouts.services.ledger import AccountName, Draft, pending, post, revenue_share, reverse_entry
from payouts.states import EntryKind
from tests.payouts.makers import CLOSING, MARCH, make_finance, make_gpt, make_user, use_often
from workspaces.models import User

PERIOD = Period(2026, 3)
pytestmark = pytest.mark.django_db(transaction=True)
CASH, COST = AccountName("Assets:Bank:Main"), AccountName("Expenses:RevenueShare:2026-03")


def draft(key: str, *amounts: int, accounts: tuple[AccountName, ...] = (CASH, COST)) -> Draft:
    return Draft(EntryKind.BANK, key, "test", "USD", list(zip(accounts, amounts, strict=True)))


def closed_march() -> tuple[User, User]:
    creator, maker, checker = make_user("Creator"), make_finance(), make_finance()
    use_often(make_gpt(creator), make_user("Visitor"), 5)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    return creator, checker


def refuses(sql: str, match: str) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_an_entry_that_does_not_balance_never_commits() -> None:
    with pytest.raises(IntegrityError, match="does not balance"):
        post([draft("a", 5, -4)], by=None, at=CLOSING)

    assert (JournalEntry.objects.count(), Posting.objects.count(), AccountBalance.objects.count()) == (
        0,
        0,
        0,
    )


def test_an_entry_without_legs_never_commits() -> None:
    period = open_period(PERIOD, at=MARCH)
    with pytest.raises(IntegrityError, match="no postings"):
        JournalEntry.objects.create(
            kind="bank", idempotency_key="empty", period=period, description="x", happened_at=MARCH
        )


def test_a_leg_of_zero_is_refused() -> None:
    with pytest.raises(IntegrityError, match="payouts_posting_not_zero"):
        post([draft("zero", 0, 0)], by=None, at=MARCH)


def test_a_leg_in_another_currency_than_its_account_is_refused() -> None:
    entry = post([draft("usd", 5, -5)], by=None, at=MARCH)[0]
    account = Account.objects.get(name=CASH.name)
    with transaction.atomic():
        new = JournalEntry.objects.create(
            kind="bank", idempotency_key="eur", period=entry.period, description="x", happened_at=MARCH
        )
        with pytest.raises(IntegrityError, match="another currency"), transaction.atomic():
            Posting.objects.create(entry=new, account=account, amount_minor=1, currency="EUR")
        transaction.set_rollback(True)


def test_entries_are_checked_at_commit_also_when_the_writers_scope_has_ended() -> None:
    """The policies would hide the postings by then; the check looks for itself and leaves no right behind."""
    finance = Scope(staff=frozenset({"finance"}))

    with open_scope(Scope()), connection.cursor() as cursor:
        with open_scope(finance):
            post([draft("outer scope ended", 5, -5)], by=None, at=MARCH)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT loggia_has_staff('finance')")
        assert cursor.fetchone() == (False,)

    assert [posting.amount_minor for posting in Posting.objects.order_by("amount_minor")] == [-5, 5]


def test_a_leg_cannot_join_an_entry_of_another_transaction() -> None:
    entry = post([draft("first", 5, -5)], by=None, at=MARCH)[0]
    account = Account.objects.get(name=CASH.name)

    with pytest.raises(DatabaseError, match="transaction of their head"):
        Posting.objects.create(entry=entry, account=account, amount_minor=7, currency="USD")
    assert verify_ledger() == []


def test_a_key_is_used_once_even_below_the_service() -> None:
    entry = post([draft("once", 5, -5)], by=None, at=MARCH)[0]

    with pytest.raises(IntegrityError, match="idempotency_key"):
        JournalEntry.objects.create(
            kind="bank", idempotency_key="once", period=entry.period, description="x", happened_at=MARCH
        )


@pytest.mark.parametrize(
    "model",
    [RateCard, RateCardLine, CloseLine, Statement, StatementLine, Account, JournalEntry, Posting, Transition],
)
def test_what_was_written_cannot_be_changed(model: type[Model]) -> None:
    closed_march()
    table = model._meta.db_table

    refuses(f"UPDATE {table} SET id = id", "append-only|permission denied")
    refuses(f"DELETE FROM {table}", "append-only|permission denied")
    refuses(f"TRUNCATE {table} CASCADE", "append-only|permission denied|must be owner")


def test_balances_follow_from_postings_alone() -> None:
    post([draft("one", 5, -5), draft("two", 3, -3)], by=None, at=MARCH)

    assert AccountBalance.objects.get(account__name=CASH.name).balance_minor == 8
    refuses("UPDATE payouts_accountbalance SET balance_minor = 1000", "follow from postings")
    refuses("DELETE FROM payouts_accountbalance", "follow from postings")


def test_nothing_posts_into_a_closed_month() -> None:
    closed_march()

    with pytest.raises(IntegrityError, match="2026-03 is closed"):
        post([draft("late", 5, -5)], by=None, at=MARCH)
    assert verify_ledger() == []


def test_a_closed_month_has_no_way_back() -> None:
    closed_march()

    refuses("UPDATE payouts_accountingperiod SET state = 'open' WHERE month = '2026-03'", "cannot be changed")
    refuses(
        "DELETE FROM payouts_accountingperiod WHERE month = '2026-03'",
        "cannot be changed|permission|violates",
    )


def test_a_month_cannot_skip_a_state() -> None:
    open_period(PERIOD, at=MARCH)

    refuses("UPDATE payouts_accountingperiod SET state = 'closed' WHERE month = '2026-03'", "cannot go from")
    refuses("INSERT INTO payouts_accountingperiod"
            " (month, state, currency, funded_minor, carried_minor, digest)"
            " VALUES ('2026-04', 'closed', 'USD', 0, 0, 'x')", "begins open")  # fmt: skip


def test_a_line_cannot_join_an_issued_statement() -> None:
    creator, _checker = closed_march()
    statement = Statement.objects.get()

    with pytest.raises(DatabaseError, match="transaction of their head"):
        StatementLine.objects.create(
            statement=statement, payee=creator, position=99, gpt_id=1, gpt_name="x", origin_month="2026-03",
            verdict="qualified", conversations=1, messages=1, output_tokens=1, amount_minor=100,
        )  # fmt: skip


def test_a_rate_cannot_join_a_frozen_card() -> None:
    card = RateCard.objects.get(version=1)

    with pytest.raises(DatabaseError, match="transaction of their head"):
        RateCardLine.objects.create(rate_card=card, unit="1k_tokens", amount_micros=1)


def test_a_reversal_mirrors_once() -> None:
    _creator, checker = closed_march()
    entry = post([draft("wrong", 5, -5)], by=checker, at=CLOSING)[0]

    reverse_entry(entry=entry, by=checker, at=CLOSING, reason="Typing error")

    assert AccountBalance.objects.get(account__name=CASH.name).balance_minor == 0
    other = post([draft("other", 9, -9)], by=checker, at=CLOSING)[0]
    half = Draft(EntryKind.REVERSAL, "half", "x", "USD", [(CASH, -8), (COST, 8)], reversal_of=other)
    with pytest.raises(IntegrityError, match="does not mirror"):
        post([half], by=checker, at=CLOSING)


def test_a_posting_that_races_the_close_waits_and_is_refused() -> None:
    """Two connections: the second posts below the services while the first has not yet committed."""
    creator, maker, checker = make_user("Creator"), make_finance(), make_finance()
    use_often(make_gpt(creator), make_user("Visitor"), 5)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    post([draft("warm", 5, -5)], by=None, at=MARCH)
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


def test_a_payee_sees_own_rows_and_a_stranger_none() -> None:
    creator, checker = closed_march()
    stranger = make_user("Stranger")
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
    assert (pending(1).payee_id, revenue_share("2026-03").payee_id) == (1, None)
