"""Payout batches: block reasons, approval by a second person, bank files, and the bank's results."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.errors import Conflict, DomainError, Forbidden, IllegalTransition, InvalidInput, NotFound
from core.models import AuditEvent
from core.scope import system_scope
from payouts.models import AccountBalance, Batch, JournalEntry, Payout, PayoutAccount
from payouts.queries import list_payees_with_balance
from payouts.services import (
    accept_batch,
    approve_batch,
    cancel_batch,
    export_batch,
    fail_payout,
    hold_payouts,
    propose_batch,
    reject_batch,
    return_payout,
    settle_payout,
    verify_ledger,
)
from payouts.services.eligibility import BlockReason
from payouts.services.ledger import (
    AccountName,
    EntryDraft,
    available_account,
    in_transit_account,
    post_entries,
    revenue_share_account,
)
from payouts.services.rate_cards import RateTerms, create_rate_card
from payouts.services.releases import release_due_earnings
from payouts.states import EntryKind
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import (
    CLOSING,
    PERIOD,
    close_march,
    create_exported_payout,
    create_uses,
    create_verified_account,
    get_available,
)
from tests.support.times import MARCH
from workspaces.models import User

IBAN = "DE89 3704 0044 0532 0130 00"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maker() -> User:
    return FinanceUserFactory.create(display_name="Maker")


@pytest.fixture
def checker() -> User:
    return FinanceUserFactory.create(display_name="Checker")


@pytest.fixture
def creator(maker: User, checker: User) -> User:
    """A creator with 14.40 USD available: 600 conversations at 0.024 USD."""
    creator = UserFactory.create(display_name="Creator")
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(display_name="Visitor"), 600)
    close_march(maker=maker, checker=checker)
    return creator


def propose(maker: User) -> Batch:
    return propose_batch(currency="USD", by=maker, at=CLOSING)


def test_payout_from_available_to_the_bank(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker, iban=IBAN)
    payout = create_exported_payout(maker=maker, checker=checker)
    assert (get_available(creator), payout.amount_minor, payout.state) == (0, 1440, "exported")
    assert verify_ledger() == []

    settle_payout(payout_id=payout.pk, bank_reference="BANK-1", by=maker, at=CLOSING)

    batch = Batch.objects.get()
    assert (batch.state, batch.payouts.get().state) == ("settled", "paid")
    assert AccountBalance.objects.get(account__name="Assets:Bank:Main").balance_minor == -1440
    assert verify_ledger() == []


def test_bank_file_matches_the_ledger_and_stays_the_same(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker, iban=IBAN, legal_name='=HYPERLINK("http://x")')
    payout = create_exported_payout(maker=maker, checker=checker)
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


def test_proposer_cannot_approve(creator: User, maker: User) -> None:
    create_verified_account(creator, by=maker)
    batch = propose(maker)

    with pytest.raises(Forbidden) as refusal:
        approve_batch(batch_id=batch.pk, by=maker, at=CLOSING)

    assert (refusal.value.code, Batch.objects.get().state, get_available(creator)) == (
        "four_eyes",
        "draft",
        1440,
    )
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Batch.objects.update(approved_by=maker)


@pytest.mark.parametrize("action", ["approve", "cancel", "propose"])
def test_repeated_action_is_refused_and_changes_nothing(
    action: str, creator: User, maker: User, checker: User
) -> None:
    create_verified_account(creator, by=maker)
    batch = propose(maker)
    actions: dict[str, Callable[[], object]] = {
        "approve": lambda: approve_batch(batch_id=batch.pk, by=checker, at=CLOSING),
        "cancel": lambda: cancel_batch(batch_id=batch.pk, by=checker, at=CLOSING, reason="Not now"),
        "propose": lambda: propose(maker),
    }
    if action != "propose":
        actions[action]()
    entries = JournalEntry.objects.count()

    with pytest.raises((IllegalTransition, Conflict)):
        actions[action]()

    assert (JournalEntry.objects.count(), Batch.objects.count(), verify_ledger()) == (entries, 1, [])


def test_one_of_two_concurrent_approvals_succeeds(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker)
    batch, third, outcomes = propose(maker), FinanceUserFactory.create(display_name="Third"), []

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
    assert (get_available(creator), JournalEntry.objects.filter(kind="item").count(), verify_ledger()) == (
        0,
        1,
        [],
    )


def test_each_block_reason_prevents_a_proposal(creator: User, maker: User) -> None:
    def find_reason() -> str:
        found = list_payees_with_balance(currency="USD", at=CLOSING)
        assert [(person.payee_id, person.available_minor) for person in found] == [(creator.pk, 1440)]
        if found[0].block_reason:
            with pytest.raises(Conflict, match="nobody_payable"):
                propose(maker)
        return found[0].block_reason

    assert find_reason() == BlockReason.NO_ACCOUNT
    account = create_verified_account(creator, by=maker)
    assert find_reason() == ""
    PayoutAccount.objects.update(minimum_minor=1441)
    assert find_reason() == BlockReason.BELOW_MINIMUM
    PayoutAccount.objects.update(minimum_minor=1440)
    assert find_reason() == ""
    PayoutAccount.objects.update(changed_at=CLOSING - timedelta(hours=71))
    assert find_reason() == BlockReason.COOLING_OFF
    PayoutAccount.objects.update(verified_at=None, verified_by=None)
    assert find_reason() == BlockReason.NOT_VERIFIED
    with system_scope("tests"):
        hold_payouts(account_id=account.pk, by=maker, at=CLOSING, reason="Investigation")
    assert find_reason() == BlockReason.ON_HOLD


def test_block_reasons_are_checked_again_at_approval_and_export(
    creator: User, maker: User, checker: User
) -> None:
    create_verified_account(creator, by=maker)
    batch = propose(maker)
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


def test_cancelled_batch_makes_the_money_available_again(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker)
    batch = propose(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)

    cancel_batch(batch_id=batch.pk, by=maker, at=CLOSING, reason="Wrong day")

    assert (get_available(creator), Payout.objects.get().reason, verify_ledger()) == (1440, "Wrong day", [])
    assert propose(maker).payouts.get().amount_minor == 1440


def test_exported_batch_cannot_be_cancelled(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker)
    payout = create_exported_payout(maker=maker, checker=checker)

    with pytest.raises(IllegalTransition):
        cancel_batch(batch_id=payout.batch_id, by=maker, at=CLOSING, reason="Too late")

    assert Payout.objects.get().state == "exported"


def test_failed_and_returned_payouts_are_available_again(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker)
    first = create_exported_payout(maker=maker, checker=checker)
    fail_payout(payout_id=first.pk, by=maker, at=CLOSING, reason="Account closed")
    assert (get_available(creator), Batch.objects.get().state) == (1440, "settled")

    second = create_exported_payout(maker=maker, checker=checker)
    settle_payout(payout_id=second.pk, bank_reference="BANK-2", by=maker, at=CLOSING)
    return_payout(payout_id=second.pk, bank_reference="BANK-3", by=maker, at=CLOSING, reason="R03")

    assert (get_available(creator), Payout.objects.get(pk=second.pk).state) == (1440, "returned")
    assert AccountBalance.objects.get(account__name="Assets:Bank:Main").balance_minor == 0
    assert verify_ledger() == []


def test_bank_reference_is_booked_once(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker)
    first = create_exported_payout(maker=maker, checker=checker)
    settle_payout(payout_id=first.pk, bank_reference="BANK-1", by=maker, at=CLOSING)
    return_payout(payout_id=first.pk, bank_reference="BANK-R", by=maker, at=CLOSING, reason="R03")
    second = create_exported_payout(maker=maker, checker=checker)

    with pytest.raises(Conflict) as refusal:
        settle_payout(payout_id=second.pk, bank_reference="BANK-1", by=maker, at=CLOSING)

    assert (refusal.value.code, Payout.objects.get(pk=second.pk).state) == ("reference_used", "exported")


def test_rejected_file_makes_the_money_available_again(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker)
    payout = create_exported_payout(maker=maker, checker=checker)

    reject_batch(batch_id=payout.batch_id, by=maker, at=CLOSING, reason="Wrong format")

    assert (get_available(creator), Batch.objects.get().state, verify_ledger()) == (1440, "rejected", [])
    with pytest.raises(IllegalTransition):
        accept_batch(batch_id=payout.batch_id, by=maker, at=CLOSING)


@pytest.fixture
def second_creator(creator: User, maker: User) -> User:
    """Another creator with 14.40 USD available, both with a verified payout account."""
    second = UserFactory.create(display_name="Second")
    legs = [(revenue_share_account("2026-04"), 1440), (available_account(second.pk), -1440)]
    post_entries([EntryDraft(EntryKind.LATE, "late", "Late", "USD", legs)], by=None, at=CLOSING)
    for payee in (creator, second):
        create_verified_account(payee, by=maker)
    return second


def test_batch_is_settled_with_its_last_payout(
    creator: User, second_creator: User, maker: User, checker: User
) -> None:
    batch = propose(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)
    first, second = batch.payouts.order_by("pk")
    accept_batch(batch_id=batch.pk, by=maker, at=CLOSING)

    settle_payout(payout_id=first.pk, bank_reference="B-1", by=maker, at=CLOSING)
    assert Batch.objects.get().state == "accepted"
    settle_payout(payout_id=second.pk, bank_reference="B-2", by=maker, at=CLOSING)

    assert (Batch.objects.get().state, verify_ledger()) == ("settled", [])


def test_partly_paid_batch_cannot_be_rejected(
    creator: User, second_creator: User, maker: User, checker: User
) -> None:
    batch = propose(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)
    settle_payout(payout_id=batch.payouts.get(payee=creator).pk, bank_reference="B-1", by=maker, at=CLOSING)
    entries = JournalEntry.objects.count()

    with pytest.raises(Conflict) as refusal:
        reject_batch(batch_id=batch.pk, by=maker, at=CLOSING, reason="Wrong format")

    assert (refusal.value.code, Batch.objects.get().state) == ("batch_partly_paid", "exported")
    assert sorted(batch.payouts.values_list("state", flat=True)) == ["exported", "paid"]
    assert JournalEntry.objects.count() == entries


def test_blocked_payout_fails_at_export_and_the_others_are_paid(
    creator: User, second_creator: User, maker: User, checker: User
) -> None:
    batch = propose(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    PayoutAccount.objects.filter(payee=creator).update(held_at=CLOSING, hold_reason="Investigation")

    content = export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING).decode()

    assert [row["payee"] for row in csv.DictReader(io.StringIO(content))] == [str(second_creator.pk)]
    states = {payout.payee: (payout.state, payout.reason) for payout in batch.payouts.all()}
    assert states == {creator: ("failed", "On hold"), second_creator: ("exported", "")}
    assert (get_available(creator), get_available(second_creator), verify_ledger()) == (1440, 0, [])


def test_cancelling_a_batch_leaves_already_cancelled_payouts_unchanged(
    creator: User, second_creator: User, maker: User, checker: User
) -> None:
    batch = propose(maker)
    PayoutAccount.objects.filter(payee=creator).update(held_at=CLOSING, hold_reason="Investigation")
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)

    cancel_batch(batch_id=batch.pk, by=maker, at=CLOSING, reason="Wrong day")

    reasons = {payout.payee: (payout.state, payout.reason) for payout in batch.payouts.all()}
    assert reasons == {creator: ("cancelled", "On hold"), second_creator: ("cancelled", "Wrong day")}
    assert (get_available(creator), get_available(second_creator), verify_ledger()) == (1440, 1440, [])


def test_batch_with_money_left_in_transit_is_not_settled(creator: User, maker: User, checker: User) -> None:
    create_verified_account(creator, by=maker)
    payout = create_exported_payout(maker=maker, checker=checker)
    legs = [(AccountName("Expenses:PayoutFees"), 10), (in_transit_account(payout.batch_id), -10)]
    post_entries([EntryDraft(EntryKind.BANK, "fee", "Fee", "USD", legs)], by=None, at=CLOSING)

    settle_payout(payout_id=payout.pk, bank_reference="B-1", by=maker, at=CLOSING)

    assert (Payout.objects.get().state, Batch.objects.get().state) == ("paid", "exported")


def test_file_is_not_created_when_batch_and_ledger_disagree(
    creator: User, maker: User, checker: User
) -> None:
    create_verified_account(creator, by=maker)
    batch = propose(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    legs = [(AccountName("Expenses:PayoutFees"), 10), (in_transit_account(batch.pk), -10)]
    post_entries([EntryDraft(EntryKind.BANK, "fee", "Fee", "USD", legs)], by=None, at=CLOSING)

    with pytest.raises(Conflict) as refusal:
        export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)

    assert (refusal.value.code, refusal.value.data) == (
        "export_unproved", {"file": 1440, "batch": 1440, "ledger": 1450},
    )  # fmt: skip
    assert (Batch.objects.get().file_bytes, Batch.objects.get().state) == (None, "approved")


def test_unknown_format_and_another_than_the_stored_one_are_refused(maker: User, checker: User) -> None:
    stored = Batch.objects.create(
        currency="USD", state="exported", created_by=maker, created_at=CLOSING, approved_by=checker,
        approved_at=CLOSING, file_format="fixed", file_bytes=b"old", file_sha256="0" * 64,
        exported_at=CLOSING,
    )  # fmt: skip

    refusals = []
    for file_format in ("xlsx", "csv"):
        with pytest.raises(InvalidInput) as refusal:
            export_batch(batch_id=stored.pk, format=file_format, by=maker, at=CLOSING)
        refusals.append((refusal.value.code, refusal.value.field))

    assert refusals == [("format_unknown", "format"), ("format_frozen", "format")]
    assert not AuditEvent.objects.filter(action="payouts.batch_exported").exists()


def test_missing_payouts_and_batches_are_not_found(maker: User) -> None:
    with pytest.raises(NotFound):
        settle_payout(payout_id=999_999, bank_reference="B-1", by=maker, at=CLOSING)
    with pytest.raises(NotFound):
        accept_batch(batch_id=999_999, by=maker, at=CLOSING)


def test_earnings_are_released_after_their_hold_days(maker: User, checker: User) -> None:
    create_rate_card(
        currency="USD", first_month="2026-03", rates={("message", ""): 5000}, terms=RateTerms(hold_days=30),
        note="Hold", by=maker, at=MARCH.replace(month=1),
    )  # fmt: skip
    payee = UserFactory.create()
    create_uses(GPTFactory.create(owner=payee), UserFactory.create(), 5)
    close_march(maker=maker, checker=checker)
    due = PERIOD.end + timedelta(days=30)

    released = [release_due_earnings(at=at) for at in (due - timedelta(seconds=1), due, due)]

    assert released == [0, 1, 0]
