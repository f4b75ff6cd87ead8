"""Decisions of moderation hold payouts: before, in and after a batch, until the last hold ends."""

from __future__ import annotations

import csv
import io
import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import Conflict
from core.scope import system_scope
from marketplace.models import Listing
from payouts.models import Batch, JournalEntry, Payout, PayoutAccount, Statement
from payouts.queries import list_block_labels, list_holds, list_payees_with_balance
from payouts.services import (
    approve_batch,
    cancel_batch,
    export_batch,
    hold_payouts,
    propose_batch,
    release_hold,
    settle_payout,
    verify_ledger,
)
from payouts.services.eligibility import BlockReason
from reviews.models import Decision
from reviews.services.appeals import file_appeal
from reviews.services.payout_holds import keep_payout_holds
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.payouts import (
    CLOSING,
    close_march,
    create_uses,
    create_verified_account,
    get_available,
)
from tests.support.reviews import decide, make_listed_gpt, make_moderator, quarantine
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)
LATER = CLOSING + timedelta(days=3)
HELD = "On hold by a decision of moderation"


@pytest.fixture
def maker() -> User:
    return FinanceUserFactory.create(display_name="Maker")


@pytest.fixture
def checker() -> User:
    return FinanceUserFactory.create(display_name="Checker")


def create_earner(name: str, maker: User) -> Listing:
    """A listed GPT whose owner has a verified account and 600 answers in March to earn from."""
    creator = UserFactory.create(display_name=name)
    with system_scope("tests"):
        gpt = make_listed_gpt(creator, make_moderator(), name=f"{name}'s walks")
    create_uses(gpt, UserFactory.create(display_name="Visitor"), 600)
    create_verified_account(creator, by=maker)
    return Listing.objects.get(gpt=gpt)


@pytest.fixture
def listing(maker: User, checker: User) -> Listing:
    """A listing whose publisher has 14.40 USD available and a verified account."""
    found = create_earner("Creator", maker)
    close_march(maker=maker, checker=checker)
    return found


def overturn(decision: Decision, owner: User) -> None:
    """Object to the decision as the owner, and have another moderator overturn it."""
    with system_scope("tests"):
        appeal = file_appeal(decision=decision, text="It never asked.", by=owner, at=CLOSING)
        decide(appeal.case, make_moderator("Lea"), "overturn", reasoning="It does not.", at=CLOSING)


def hold(listing: Listing) -> Decision:
    """Quarantine the listing after a report, which holds its publisher's payouts."""
    with system_scope("tests"):
        return quarantine(listing, make_moderator("Milo"))


def propose(by: User) -> Batch:
    return propose_batch(currency="USD", by=by, at=CLOSING)


def count_entries(kind: str) -> int:
    return JournalEntry.objects.filter(kind=kind).count()


def test_a_held_payee_is_not_proposed_and_is_paid_in_full_after_a_won_appeal(
    listing: Listing, maker: User, checker: User
) -> None:
    creator = listing.publisher
    decision = hold(listing)

    found = list_payees_with_balance(currency="USD", at=CLOSING)
    assert [(row.payee_id, row.block_reason, row.block_label) for row in found] == [
        (creator.pk, BlockReason.DECISION, HELD)
    ]
    assert found[0].hold is not None
    assert found[0].hold.reasoning == "Asks for passwords."
    with pytest.raises(Conflict, match="nobody_payable"):
        propose(maker)
    assert (Batch.objects.count(), get_available(creator)) == (0, 1440)
    assert Statement.objects.get(payee=creator).total_minor == 1440  # the month's close counts as ever

    overturn(decision, creator)

    assert list_holds(creator) == []
    batch = propose(maker)
    assert batch.payouts.get().amount_minor == 1440
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)
    settle_payout(payout_id=batch.payouts.get().pk, bank_reference="B-1", by=maker, at=CLOSING)
    assert (Payout.objects.get().state, get_available(creator), verify_ledger()) == ("paid", 0, [])


def test_a_hold_takes_a_payee_out_of_a_draft_at_its_approval(
    listing: Listing, maker: User, checker: User
) -> None:
    creator = listing.publisher
    batch = propose(maker)
    assert list_block_labels(batch, at=CLOSING) == {}

    decision = hold(listing)

    assert list_block_labels(batch, at=CLOSING) == {batch.payouts.get().pk: HELD}
    assert list_payees_with_balance(currency="USD", at=CLOSING)[0].block_reason == BlockReason.DECISION
    with pytest.raises(Conflict, match="nobody_payable"):
        approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    assert (Batch.objects.get().state, Payout.objects.get().state, count_entries("item")) == (
        "draft", "queued", 0,
    )  # fmt: skip
    cancel_batch(batch_id=batch.pk, by=maker, at=CLOSING, reason="Held")
    overturn(decision, creator)
    assert propose(maker).payouts.get().amount_minor == 1440


def test_a_hold_takes_a_payee_out_of_an_approved_batch_before_the_file_is_written(
    maker: User, checker: User
) -> None:
    held, other = create_earner("Held", maker), create_earner("Other", maker)
    close_march(maker=maker, checker=checker)
    batch = propose(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    assert get_available(held.publisher) == 0
    decision = hold(held)

    content = export_batch(batch_id=batch.pk, format="csv", by=maker, at=CLOSING)

    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [row["payee"] for row in rows] == [str(other.publisher_id)]
    dropped = batch.payouts.get(payee=held.publisher)
    assert (dropped.state, dropped.reason, get_available(held.publisher)) == ("failed", HELD, 1440)
    assert (list_block_labels(Batch.objects.get(), at=CLOSING), verify_ledger()) == ({}, [])
    overturn(decision, held.publisher)
    again = propose_batch(currency="USD", by=maker, at=LATER)
    assert list(again.payouts.values_list("payee_id", "amount_minor")) == [(held.publisher_id, 1440)]


def test_the_last_hold_counts_not_the_first(listing: Listing, maker: User) -> None:
    creator = listing.publisher
    decision = hold(listing)
    account = PayoutAccount.objects.get(payee=creator)
    with system_scope("tests"):
        hold_payouts(account_id=account.pk, by=maker, at=CLOSING, reason="Investigation")
    assert [(hold.held_by, hold.reason, hold.decision_id) for hold in list_holds(creator)] == [
        ("moderation", "Asks for passwords.", decision.pk),
        ("finance", "Investigation", None),
    ]

    overturn(decision, creator)

    assert list_payees_with_balance(currency="USD", at=CLOSING)[0].block_reason == BlockReason.ON_HOLD
    release_hold(account_id=account.pk, by=maker, at=CLOSING, reason="Cleared")
    assert list_payees_with_balance(currency="USD", at=CLOSING)[0].block_reason == ""


def test_a_hold_waits_for_a_batch_that_has_looked_for_holds(listing: Listing) -> None:
    decided = threading.Event()

    def decide_meanwhile() -> None:
        try:
            hold(listing)
            decided.set()
        finally:
            connection.close()

    thread = threading.Thread(target=decide_meanwhile)
    with transaction.atomic():
        keep_payout_holds()
        thread.start()
        assert not decided.wait(1.0)
    assert decided.wait(90)
    thread.join(timeout=20)
    assert list_holds(listing.publisher)


def test_pages_and_api_say_why_nothing_is_paid(listing: Listing, maker: User, checker: User) -> None:
    creator, batch = listing.publisher, propose(maker)
    statement = Statement.objects.get(payee=creator)
    sealed = statement.sha256
    decision = hold(listing)
    expected = [
        {"held_by": "moderation", "reason": "Asks for passwords.", "decision": str(decision.pk)},
    ]

    payee_page = sign_in(creator)
    for path in ("/earnings/", f"/earnings/statements/{statement.pk}"):
        text = payee_page.get(path).content.decode()
        assert "A decision of moderation holds these payouts" in text
        assert "Asks for passwords." in text
        if path == "/earnings/":
            assert f'href="/reviews/decisions/{decision.pk}"' in text
    finance_page = sign_in(maker)
    assert HELD in finance_page.get("/finance/batches").content.decode()
    assert f"Will be left out: {HELD}" in finance_page.get(f"/finance/batches/{batch.pk}").content.decode()
    api = ApiClient(creator, scopes=("usage:read",))
    for path in ("earnings", f"earnings/statements/{statement.pk}"):
        holds = api.get(path).json()["holds"]
        assert [{key: hold[key] for key in expected[0]} for hold in holds] == expected
    found = ApiClient(maker, scopes=("finance:work",)).get(f"finance/batches/{batch.pk}").json()
    assert [row["block_reason"] for row in found["payouts"]] == [HELD]
    statement.refresh_from_db()
    assert (statement.sha256, verify_ledger()) == (sealed, [])


def test_the_database_lets_no_held_payee_into_a_batch_or_a_file(
    listing: Listing, maker: User, checker: User
) -> None:
    batch = propose(maker)
    approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)
    payout = batch.payouts.get()
    hold(listing)

    with pytest.raises(DatabaseError, match="on hold"), transaction.atomic():
        Payout.objects.update(state="exported")
    with transaction.atomic():
        Payout.objects.update(state="queued")
        with pytest.raises(DatabaseError, match="on hold"), transaction.atomic():
            Payout.objects.update(state="in_batch")
        transaction.set_rollback(True)
    copy = Payout.objects.get(pk=payout.pk)
    copy.pk, copy.state = None, "queued"
    copy.batch = Batch.objects.create(currency="USD", created_by=maker, created_at=CLOSING)
    with pytest.raises(DatabaseError, match="on hold"), transaction.atomic():
        copy.save(force_insert=True)
    assert list(Payout.objects.values_list("state", flat=True)) == ["in_batch"]
