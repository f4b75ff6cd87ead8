"""Payouts: gates, four eyes, frozen files, what the bank did."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.errors import Conflict, DomainError, Forbidden, IllegalTransition, InvalidInput
from core.models import AuditEvent
from core.periods import Period
from core.scope import system_scope
from payouts.models import AccountBalance, Batch, JournalEntry, Payout, PayoutAccount
from payouts.services import (
    accept_batch,
    approve_batch,
    approve_close,
    cancel_batch,
    close_period,
    export_batch,
    fail_payout,
    hold_payouts,
    propose_batch,
    reject_batch,
    return_payout,
    save_payout_account,
    settle_payout,
    verify_ledger,
    verify_payout_account,
)
from payouts.services.gates import Gate
from payouts.services.iban import clean_iban
from tests.payouts.makers import CLOSING, MARCH, make_finance, make_gpt, make_payable, make_user, use_often
from workspaces.models import User

PERIOD = Period(2026, 3)
IBAN = "DE89 3704 0044 0532 0130 00"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maker() -> User:
    return make_finance("Maker")


@pytest.fixture
def checker() -> User:
    return make_finance("Checker")


@pytest.fixture
def creator(maker: User, checker: User) -> User:
    """Has 14.40 USD available: 600 conversations of 0.024."""
    creator = make_user("Creator")
    use_often(make_gpt(creator), make_user("Visitor"), 600)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    return creator


def available(payee: User) -> int:
    return -AccountBalance.objects.get(
        account__name=f"Liabilities:Creators:{payee.pk}:Available"
    ).balance_minor


def proposed(maker: User) -> Batch:
    return propose_batch(currency="USD", by=maker, at=CLOSING)


def exported(maker: User, checker: User) -> Payout:
    batch = proposed(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)
    return batch.payouts.get()


def test_from_available_to_the_bank(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker, iban=IBAN)
    payout = exported(maker, checker)
    assert (available(creator), payout.amount_minor, payout.state) == (0, 1440, "exported")
    assert verify_ledger() == []

    settle_payout(payout_id=payout.pk, bank_reference="BANK-1", by=maker, at=CLOSING)

    batch = Batch.objects.get()
    assert (batch.state, batch.payouts.get().state) == ("settled", "paid")
    assert AccountBalance.objects.get(account__name="Assets:Bank:Main").balance_minor == -1440
    assert verify_ledger() == []


def test_the_file_says_what_the_ledger_says(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker, iban=IBAN, legal_name='=HYPERLINK("http://x")')
    payout = exported(maker, checker)
    content = export_batch(batch_id=payout.batch_id, format="csv", by=checker, at=CLOSING + timedelta(days=9))

    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert rows == [
        {
            "reference": f"LOGGIA-{payout.batch_id}-{payout.pk}",
            "payee": str(creator.pk),
            "legal_name": '\'=HYPERLINK("http://x")',
            "country": "DE",
            "method": "iban",
            "iban": "DE89370400440532013000",
            "amount": "14.40",
            "currency": "USD",
            "note": f"Loggia earnings, batch {payout.batch_id}",
        }
    ]
    batch = Batch.objects.get()
    assert (bytes(batch.file_bytes or b""), batch.exported_at) == (content, CLOSING)
    assert AuditEvent.objects.filter(action="payouts.batch_exported").count() == 2
    assert JournalEntry.objects.filter(kind="item").count() == 1
    with pytest.raises(DatabaseError, match="kept as it is"), transaction.atomic():
        Batch.objects.update(file_bytes=b"other")


def test_whoever_proposed_cannot_approve(creator: User, maker: User) -> None:
    make_payable(creator, by=maker)
    batch = proposed(maker)

    with pytest.raises(Forbidden) as refusal:
        approve_batch(batch_id=batch.pk, by=maker, at=CLOSING)

    assert (refusal.value.code, Batch.objects.get().state, available(creator)) == ("four_eyes", "draft", 1440)
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Batch.objects.update(approved_by=maker)


@pytest.mark.parametrize("act", ["approve", "cancel", "propose"])
def test_a_second_click_does_nothing(act: str, creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker)
    batch = proposed(maker)
    clicks: dict[str, Callable[[], object]] = {
        "approve": lambda: approve_batch(batch_id=batch.pk, by=checker, at=CLOSING),
        "cancel": lambda: cancel_batch(batch_id=batch.pk, by=checker, at=CLOSING, reason="Not now"),
        "propose": lambda: proposed(maker),
    }
    if act != "propose":
        clicks[act]()
    entries = JournalEntry.objects.count()

    with pytest.raises((IllegalTransition, Conflict)):
        clicks[act]()

    assert (JournalEntry.objects.count(), Batch.objects.count(), verify_ledger()) == (entries, 1, [])


def test_two_approvals_at_once_have_one_winner(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker)
    batch, third, outcomes = proposed(maker), make_finance("Third"), []

    def approve(person: User) -> None:
        try:
            approve_batch(batch_id=batch.pk, by=person, at=CLOSING)
            outcomes.append("approved")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=[person]) for person in (checker, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(outcomes) == ["approved", "transition_illegal"]
    assert (available(creator), JournalEntry.objects.filter(kind="item").count(), verify_ledger()) == (
        0,
        1,
        [],
    )


def test_each_gate_keeps_the_money(creator: User, maker: User) -> None:
    def gate() -> str:
        from payouts.queries import waiting

        found = waiting(currency="USD", at=CLOSING)
        assert [(person.payee_id, person.available_minor) for person in found] == [(creator.pk, 1440)]
        if found[0].gate:
            with pytest.raises(Conflict, match="nobody_payable"):
                proposed(maker)
        return found[0].gate

    assert gate() == Gate.NO_ACCOUNT
    account = make_payable(creator, by=maker)
    assert gate() == ""
    PayoutAccount.objects.update(minimum_minor=1441)
    assert gate() == Gate.BELOW_MINIMUM
    PayoutAccount.objects.update(minimum_minor=1440)
    assert gate() == ""
    PayoutAccount.objects.update(changed_at=CLOSING - timedelta(hours=71))
    assert gate() == Gate.COOLING_OFF
    PayoutAccount.objects.update(verified_at=None, verified_by=None)
    assert gate() == Gate.NOT_VERIFIED
    with system_scope("tests"):
        hold_payouts(account_id=account.pk, by=maker, at=CLOSING, reason="Investigation")
    assert gate() == Gate.ON_HOLD


def test_gates_are_asked_again_at_approval_and_export(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker)
    batch = proposed(maker)
    PayoutAccount.objects.update(legal_name="Somebody Else")

    with pytest.raises(Conflict, match="nobody_payable"):
        approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    PayoutAccount.objects.update(legal_name="Creator Legal")
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    PayoutAccount.objects.update(held_at=CLOSING, hold_reason="Investigation")
    with pytest.raises(Conflict, match="nobody_payable"):
        export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)

    assert (Batch.objects.get().state, Payout.objects.get().state, verify_ledger()) == (
        "approved",
        "in_batch",
        [],
    )


def test_a_cancelled_batch_gives_the_money_back(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker)
    batch = proposed(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)

    cancel_batch(batch_id=batch.pk, by=maker, at=CLOSING, reason="Wrong day")

    assert (available(creator), Payout.objects.get().reason, verify_ledger()) == (1440, "Wrong day", [])
    assert proposed(maker).payouts.get().amount_minor == 1440


def test_an_exported_batch_cannot_be_cancelled(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker)
    payout = exported(maker, checker)

    with pytest.raises(IllegalTransition):
        cancel_batch(batch_id=payout.batch_id, by=maker, at=CLOSING, reason="Too late")

    assert Payout.objects.get().state == "exported"


def test_a_failed_and_a_returned_payout_are_available_again(
    creator: User, maker: User, checker: User
) -> None:
    make_payable(creator, by=maker)
    first = exported(maker, checker)
    fail_payout(payout_id=first.pk, by=maker, at=CLOSING, reason="Account closed")
    assert (available(creator), Batch.objects.get().state) == (1440, "settled")

    second = exported(maker, checker)
    settle_payout(payout_id=second.pk, bank_reference="BANK-2", by=maker, at=CLOSING)
    return_payout(payout_id=second.pk, bank_reference="BANK-3", by=maker, at=CLOSING, reason="R03")

    assert (available(creator), Payout.objects.get(pk=second.pk).state) == (1440, "returned")
    assert AccountBalance.objects.get(account__name="Assets:Bank:Main").balance_minor == 0
    assert verify_ledger() == []


def test_a_bank_reference_counts_once(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker)
    first = exported(maker, checker)
    settle_payout(payout_id=first.pk, bank_reference="BANK-1", by=maker, at=CLOSING)
    return_payout(payout_id=first.pk, bank_reference="BANK-R", by=maker, at=CLOSING, reason="R03")
    second = exported(maker, checker)

    with pytest.raises(Conflict) as refusal:
        settle_payout(payout_id=second.pk, bank_reference="BANK-1", by=maker, at=CLOSING)

    assert (refusal.value.code, Payout.objects.get(pk=second.pk).state) == ("reference_used", "exported")


def test_a_refused_file_brings_everything_back(creator: User, maker: User, checker: User) -> None:
    make_payable(creator, by=maker)
    payout = exported(maker, checker)

    reject_batch(batch_id=payout.batch_id, by=maker, at=CLOSING, reason="Wrong format")

    assert (available(creator), Batch.objects.get().state, verify_ledger()) == (1440, "rejected", [])
    with pytest.raises(IllegalTransition):
        accept_batch(batch_id=payout.batch_id, by=maker, at=CLOSING)


def test_nobody_checks_their_own_account(maker: User) -> None:
    with system_scope("tests"):
        account = save_payout_account(
            payee=maker,
            legal_name="Maker",
            country="DE",
            method="manual",
            iban="",
            minimum_minor=0,
            by=maker,
            at=MARCH,
        )

    with pytest.raises(Forbidden):
        verify_payout_account(account_id=account.pk, by=maker, at=MARCH)
    with pytest.raises(IntegrityError, match="verified"), transaction.atomic():
        PayoutAccount.objects.update(verified_at=MARCH, verified_by=maker)


def test_a_changed_account_is_checked_again_and_sealed(creator: User, maker: User) -> None:
    make_payable(creator, by=maker, iban=IBAN)
    with system_scope("tests"):
        account = save_payout_account(
            payee=creator, legal_name="Creator Legal", country="DE", method="iban",
            iban="GB82 WEST 1234 5698 7654 32",
            minimum_minor=0, by=creator, at=CLOSING,
        )  # fmt: skip

    assert (account.verified_at, account.changed_at, account.iban_ending) == (None, CLOSING, "5432")
    assert "WEST" not in account.sealed_iban


@pytest.mark.parametrize(
    "iban", ["DE89370400440532013001", "DE8937040044053201300", "", "XX", "DE00 0000", "=1+1"]
)
def test_a_wrong_iban_is_refused(iban: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_iban(iban)

    assert (refusal.value.code, refusal.value.field) == ("iban_invalid", "iban")
