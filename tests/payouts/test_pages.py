"""Pages of earnings and finance: content, permissions and actions."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payouts.models import Batch, JournalEntry, PayoutAccount, RateCard, Statement
from payouts.services import close_period
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.payouts import (
    CLOSING,
    PERIOD,
    close_march,
    create_exported_payout,
    create_uses,
    create_verified_account,
)
from tests.support.reauthentication import confirm_identity
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> dict[str, User]:
    return {
        "creator": UserFactory.create(display_name="Creator"),
        "visitor": UserFactory.create(display_name="Visitor"),
        "maker": FinanceUserFactory.create(display_name="Maker"),
        "checker": FinanceUserFactory.create(display_name="Checker"),
    }


def strip_changing_parts(page: bytes) -> bytes:
    """Remove CSRF tokens, nonces and the page's own address, which differ between requests."""
    page = re.sub(rb'(X-CSRFToken": "|name="csrfmiddlewaretoken" value="|nonce=")[^"]+', b"", page)
    return re.sub(rb"/earnings/statements/\d+", b"", page)


def create_statement(people: dict[str, User], answers: int = 600) -> Statement:
    gpt = GPTFactory.create(owner=people["creator"], name="=HYPERLINK(1)")
    create_uses(gpt, people["visitor"], answers)
    UsageEventFactory.create(gpt=gpt, user=people["creator"])
    close_march(maker=people["maker"], checker=people["checker"])
    return Statement.objects.get()


def create_exported_batch(people: dict[str, User]) -> Batch:
    create_verified_account(people["creator"], by=people["maker"])
    return create_exported_payout(maker=people["maker"], checker=people["checker"]).batch


def finance_paths(people: dict[str, User], batch: Batch, statement: Statement) -> list[str]:
    payee = people["creator"].pk
    gpt = statement.lines.first().gpt_id  # it has lines
    return [
        "/finance/periods", "/finance/periods/2026-03", f"/finance/periods/2026-03/payees/{payee}",
        f"/finance/periods/2026-03/payees/{payee}/gpts/{gpt}", "/finance/statements", "/finance/batches",
        f"/finance/batches/{batch.pk}", "/finance/ledger", "/finance/ledger/entries",
        f"/finance/ledger/entries/{JournalEntry.objects.earliest('pk').pk}", "/finance/rules",
        "/finance/rules/new",
        "/finance/rules/1",
    ]  # fmt: skip


def test_finance_pages_are_404_for_others(people: dict[str, User]) -> None:
    statement = create_statement(people)
    batch = create_exported_batch(people)
    finance, stranger = sign_in(people["maker"]), sign_in(people["visitor"])

    for path in finance_paths(people, batch, statement):
        assert finance.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 404, path
        assert Client().get(path).status_code == 404, path


def test_creator_sees_balance_and_own_statements(people: dict[str, User]) -> None:
    statement = create_statement(people)
    page = sign_in(people["creator"]).get("/earnings/").content.decode()

    assert "$14.40" in page
    assert f"/earnings/statements/{statement.pk}" in page
    assert (
        "Own use" in sign_in(people["creator"]).get(f"/earnings/statements/{statement.pk}").content.decode()
    )


def test_earnings_page_without_earnings_explains_how_earning_works(people: dict[str, User]) -> None:
    page = sign_in(people["visitor"]).get("/earnings/").content.decode()

    assert "No earnings yet" in page
    assert "How earning works" in page


def test_foreign_and_missing_statements_give_the_same_404(people: dict[str, User]) -> None:
    statement = create_statement(people)
    stranger = sign_in(people["visitor"])

    for ending in ("", ".csv"):
        foreign = stranger.get(f"/earnings/statements/{statement.pk}{ending}")
        absent = stranger.get(f"/earnings/statements/{statement.pk + 999}{ending}")
        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert strip_changing_parts(foreign.content) == strip_changing_parts(absent.content)


def test_statement_csv_escapes_formulas(people: dict[str, User]) -> None:
    statement = create_statement(people)
    content = sign_in(people["creator"]).get(f"/earnings/statements/{statement.pk}.csv").content.decode()

    assert "'=HYPERLINK(1)" in content
    assert "14.40,USD" in content


def test_month_is_closed_by_two_people_on_pages(people: dict[str, User]) -> None:
    gpt = GPTFactory.create(owner=people["creator"])
    create_uses(gpt, people["visitor"], 5)
    close_period(period=PERIOD, by=people["maker"], at=CLOSING)
    maker, checker = sign_in(people["maker"]), sign_in(people["checker"])
    path = "/finance/periods/2026-03/approve"

    unconfirmed = checker.post(path, {"confirmation": "2026"}, follow=True).content.decode()
    refused = maker.post(path, {"confirmation": "2026-03"}, follow=True).content.decode()
    assert "Nothing was done" in unconfirmed
    assert "You started this close" in refused
    assert not Statement.objects.exists()

    checker.post(path, {"confirmation": "2026-03"})
    again = checker.post(path, {"confirmation": "2026-03"}, follow=True).content.decode()
    assert Statement.objects.count() == 1
    assert "not in review" in again


def test_batch_is_approved_by_two_people_and_repeated_clicks_change_nothing(people: dict[str, User]) -> None:
    create_statement(people)
    create_verified_account(people["creator"], by=people["maker"])
    maker, checker = sign_in(people["maker"]), sign_in(people["checker"])
    maker.post("/finance/batches/propose")
    maker.post("/finance/batches/propose")
    batch = Batch.objects.get()
    phrase = {"confirmation": f"batch {batch.pk}"}

    maker.post(f"/finance/batches/{batch.pk}/approve", phrase)
    assert Batch.objects.get().state == "draft"
    for _click in range(2):
        checker.post(f"/finance/batches/{batch.pk}/approve", phrase)
    files = {maker.post(f"/finance/batches/{batch.pk}/export", phrase).content for _click in range(2)}
    payout = batch.payouts.get()
    maker.post(
        f"/finance/batches/{batch.pk}/payouts",
        {"payout": payout.pk, "outcome": "paid", "bank_reference": "B-1"},
    )

    assert (len(files), Batch.objects.get().state) == (1, "settled")
    assert JournalEntry.objects.filter(kind="item").count() == 1


def test_finance_actions_are_404_for_others(people: dict[str, User]) -> None:
    create_statement(people)
    batch = create_exported_batch(people)
    stranger = sign_in(people["visitor"])

    for path in (
        "/finance/periods/2026-03/approve", "/finance/batches/propose", f"/finance/batches/{batch.pk}/export",
        f"/finance/batches/{batch.pk}/payouts", "/finance/accounts", "/finance/rules/new",
    ):  # fmt: skip
        assert stranger.post(path, {"confirmation": f"batch {batch.pk}"}).status_code == 404, path


def test_payout_account_form_asks_for_the_password_first_and_keeps_input(people: dict[str, User]) -> None:
    creator = sign_in(people["creator"])
    typed = {"legal_name": "Ada Creator", "country": "DE", "method": "iban", "iban": "DE00"}
    right = typed | {"iban": "DE89370400440532013000"}

    for answer in (creator.get("/earnings/account"), creator.post("/earnings/account", right)):
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not PayoutAccount.objects.exists()
    confirm_identity(creator, people["creator"])
    bad_iban = creator.post("/earnings/account", typed)
    assert bad_iban.status_code == 400
    assert "Ada Creator" in bad_iban.content.decode()
    assert "not a valid IBAN" in bad_iban.content.decode()
    assert not PayoutAccount.objects.exists()

    assert creator.post("/earnings/account", right).status_code == 302
    assert PayoutAccount.objects.get().iban_ending == "3000"


def test_rate_card_form_creates_a_card(people: dict[str, User]) -> None:
    finance = sign_in(people["maker"])
    typed = {
        "first_month": "2099-01", "note": "More for answers", "rule": "fixed_rate",
        "minimum_output_tokens": "20",
        "cap_user_gpt_day": "0", "cap_user_month": "0", "automation_per_day": "400", "hold_days": "7",
        "minimum_payout_minor": "25", "rate_message": "0.005", "rate_message_writing": "0.006",
        "rate_1k_tokens": "0.01", "rate_conversation": "",
    }  # fmt: skip

    assert finance.post("/finance/rules/new", typed | {"first_month": "2020-01"}).status_code == 400
    assert finance.post("/finance/rules/new", typed).status_code == 302

    card = RateCard.objects.get(version=2)
    assert (card.hold_days, card.minimum_payout_minor, card.created_by) == (7, 2500, people["maker"])
    assert set(card.lines.values_list("unit", "category", "amount_micros")) == {
        ("message", "", 5000), ("message", "writing", 6000), ("1k_tokens", "", 10000),
    }  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/finance/statements", "/finance/batches", "/finance/ledger/entries", "/finance/periods"]
)
def test_list_pages_have_a_constant_number_of_queries(path: str, people: dict[str, User]) -> None:
    create_statement(people)
    create_exported_batch(people)
    finance = sign_in(people["maker"])
    finance.get(path)
    with CaptureQueriesContext(connection) as one:
        finance.get(path)
    create_uses(GPTFactory.create(owner=UserFactory.create(display_name="Second")), people["visitor"], 3)
    batch = Batch.objects.get()
    for _batch in range(2):
        Batch.objects.create(currency="USD", created_by=batch.created_by, created_at=CLOSING)

    with CaptureQueriesContext(connection) as more:
        finance.get(path)

    assert len(more) == len(one)
