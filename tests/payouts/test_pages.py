"""Every page of money: what its people see, and that others find nothing."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.periods import Period
from payouts.models import Batch, JournalEntry, PayoutAccount, RateCard, Statement
from payouts.services import approve_batch, approve_close, close_period, export_batch, propose_batch
from tests.payouts.makers import CLOSING, make_finance, make_gpt, make_payable, make_user, use, use_often
from workspaces.models import User

PERIOD = Period(2026, 3)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> dict[str, User]:
    return {
        "creator": make_user("Creator"),
        "visitor": make_user("Visitor"),
        "maker": make_finance("Maker"),
        "checker": make_finance("Checker"),
    }


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def without_changing_parts(page: bytes) -> bytes:
    """The page without its CSRF tokens, nonces and own address, which differ on every request."""
    page = re.sub(rb'(X-CSRFToken": "|name="csrfmiddlewaretoken" value="|nonce=")[^"]+', b"", page)
    return re.sub(rb"/earnings/statements/\d+", b"", page)


def close_march(people: dict[str, User], answers: int = 600) -> Statement:
    gpt = make_gpt(people["creator"], name="=HYPERLINK(1)")
    use_often(gpt, people["visitor"], answers)
    use(gpt, people["creator"])
    close_period(period=PERIOD, by=people["maker"], at=CLOSING)
    approve_close(period=PERIOD, by=people["checker"], at=CLOSING)
    return Statement.objects.get()


def exported_batch(people: dict[str, User]) -> Batch:
    make_payable(people["creator"], by=people["maker"])
    batch = propose_batch(currency="USD", by=people["maker"], at=CLOSING)
    approve_batch(batch_id=batch.pk, by=people["checker"], at=CLOSING)
    export_batch(batch_id=batch.pk, format="csv", by=people["maker"], at=CLOSING)
    return batch


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


def test_finance_sees_every_page_and_others_find_nothing(people: dict[str, User]) -> None:
    statement = close_march(people)
    batch = exported_batch(people)
    finance, stranger = signed_in(people["maker"]), signed_in(people["visitor"])

    for path in finance_paths(people, batch, statement):
        assert finance.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 404, path
        assert Client().get(path).status_code == 404, path


def test_a_creator_sees_balance_estimate_and_own_statements(people: dict[str, User]) -> None:
    statement = close_march(people)
    page = signed_in(people["creator"]).get("/earnings/").content.decode()

    assert "$14.40" in page
    assert f"/earnings/statements/{statement.pk}" in page
    assert (
        "Own use" in signed_in(people["creator"]).get(f"/earnings/statements/{statement.pk}").content.decode()
    )


def test_someone_without_earnings_learns_how_it_works(people: dict[str, User]) -> None:
    page = signed_in(people["visitor"]).get("/earnings/").content.decode()

    assert "No earnings yet" in page
    assert "How earning works" in page


def test_a_foreign_statement_looks_like_none(people: dict[str, User]) -> None:
    statement = close_march(people)
    stranger = signed_in(people["visitor"])

    for ending in ("", ".csv"):
        foreign = stranger.get(f"/earnings/statements/{statement.pk}{ending}")
        absent = stranger.get(f"/earnings/statements/{statement.pk + 999}{ending}")
        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert without_changing_parts(foreign.content) == without_changing_parts(absent.content)


def test_names_in_a_statement_file_are_no_formulas(people: dict[str, User]) -> None:
    statement = close_march(people)
    content = signed_in(people["creator"]).get(f"/earnings/statements/{statement.pk}.csv").content.decode()

    assert "'=HYPERLINK(1)" in content
    assert "14.40,USD" in content


def test_the_month_closes_by_two_people_on_pages(people: dict[str, User]) -> None:
    gpt = make_gpt(people["creator"])
    use_often(gpt, people["visitor"], 5)
    close_period(period=PERIOD, by=people["maker"], at=CLOSING)
    maker, checker = signed_in(people["maker"]), signed_in(people["checker"])
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


def test_a_batch_goes_out_by_two_people_and_clicks_twice(people: dict[str, User]) -> None:
    close_march(people)
    make_payable(people["creator"], by=people["maker"])
    maker, checker = signed_in(people["maker"]), signed_in(people["checker"])
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


def test_strangers_post_nothing(people: dict[str, User]) -> None:
    close_march(people)
    batch = exported_batch(people)
    stranger = signed_in(people["visitor"])

    for path in (
        "/finance/periods/2026-03/approve", "/finance/batches/propose", f"/finance/batches/{batch.pk}/export",
        f"/finance/batches/{batch.pk}/payouts", "/finance/accounts", "/finance/rules/new",
    ):  # fmt: skip
        assert stranger.post(path, {"confirmation": f"batch {batch.pk}"}).status_code == 404, path


def test_the_payout_account_needs_the_password_and_keeps_what_was_typed(people: dict[str, User]) -> None:
    creator = signed_in(people["creator"])
    typed = {
        "legal_name": "Ada Creator",
        "country": "DE",
        "method": "iban",
        "iban": "DE00",
        "password": "wrong",
    }

    wrong = creator.post("/earnings/account", typed)
    bad_iban = creator.post("/earnings/account", typed | {"password": "correct horse battery"})
    assert (wrong.status_code, bad_iban.status_code) == (400, 400)
    assert "This is not your password" in wrong.content.decode()
    assert "Ada Creator" in bad_iban.content.decode()
    assert "not a valid IBAN" in bad_iban.content.decode()
    assert not PayoutAccount.objects.exists()

    right = typed | {"password": "correct horse battery", "iban": "DE89370400440532013000"}
    assert creator.post("/earnings/account", right).status_code == 302
    assert PayoutAccount.objects.get().iban_ending == "3000"


def test_a_new_rate_card_by_form(people: dict[str, User]) -> None:
    finance = signed_in(people["maker"])
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
def test_a_list_costs_the_same_for_one_row_and_three(path: str, people: dict[str, User]) -> None:
    close_march(people)
    exported_batch(people)
    finance = signed_in(people["maker"])
    finance.get(path)
    with CaptureQueriesContext(connection) as one:
        finance.get(path)
    use_often(make_gpt(make_user("Second")), people["visitor"], 3)
    batch = Batch.objects.get()
    for _batch in range(2):
        Batch.objects.create(currency="USD", created_by=batch.created_by, created_at=CLOSING)

    with CaptureQueriesContext(connection) as more:
        finance.get(path)

    assert len(more) == len(one)
