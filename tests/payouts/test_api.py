"""Payouts by API: earnings of creators, and the endpoints of finance."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from payouts.models import Batch, CloseRun, JournalEntry, RateCard, Statement
from payouts.services import close_period, settle_payout
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.jobs import take_jobs
from tests.support.payouts import (
    CLOSING,
    PERIOD,
    close_march,
    create_exported_payout,
    create_uses,
    create_verified_account,
)
from workspaces.models import StaffRole, User

pytestmark = pytest.mark.django_db(transaction=True)


def create_closed_march() -> tuple[User, User, User, User]:
    creator, visitor = UserFactory.create(display_name="Creator"), UserFactory.create(display_name="Visitor")
    maker, checker = FinanceUserFactory.create(), FinanceUserFactory.create()
    create_uses(GPTFactory.create(owner=creator), visitor, 600)
    close_march(maker=maker, checker=checker)
    return creator, visitor, maker, checker


def test_creator_reads_own_earnings_and_gets_404_for_foreign_statements() -> None:
    creator, visitor, maker, _checker = create_closed_march()
    statement = Statement.objects.get()
    own, foreign = ApiClient(creator, scopes=("usage:read",)), ApiClient(visitor, scopes=("usage:read",))

    assert own.get("earnings").json()["available"] == {"minor": 1440, "currency": "USD", "amount": "14.40"}
    assert [item["id"] for item in own.get("earnings/statements").json()["items"]] == [statement.pk]
    assert own.get(f"earnings/statements/{statement.pk}/lines").json()["items"][0]["amount_minor"] == 1440
    for ending in ("", "/lines"):
        refused = foreign.get(f"earnings/statements/{statement.pk}{ending}")
        assert (refused.status_code, refused.json()) == (
            404, foreign.get(f"earnings/statements/99999{ending}").json(),
        )  # fmt: skip
        assert (
            ApiClient(maker, scopes=("usage:read",))
            .get(f"earnings/statements/{statement.pk}{ending}")
            .status_code
            == 404
        )


def test_close_needs_another_person_and_the_reviewed_digest() -> None:
    creator, visitor = UserFactory.create(display_name="Creator"), UserFactory.create(display_name="Visitor")
    maker, checker = FinanceUserFactory.create(), FinanceUserFactory.create()
    create_uses(GPTFactory.create(owner=creator), visitor, 5)
    run = close_period(period=PERIOD, by=maker, at=CLOSING)
    path = "finance/periods/2026-03/approve"

    same_person = ApiClient(maker, scopes=("finance:work",)).post(path, {"digest": run.digest})
    other_figures = ApiClient(checker, scopes=("finance:work",)).post(path, {"digest": "0" * 64})
    assert (same_person.status_code, same_person.json()["error"]["code"]) == (403, "four_eyes")
    assert (other_figures.status_code, other_figures.json()["error"]["code"]) == (409, "figures_changed")
    assert not Statement.objects.exists()

    closed = ApiClient(checker, scopes=("finance:work",)).post(path, {"digest": run.digest})
    assert (closed.status_code, closed.json()["state"], closed.json()["digest"]) == (
        200,
        "closed",
        run.digest,
    )


def test_batch_from_proposal_to_settlement_with_two_keys() -> None:
    creator, _visitor, maker, checker = create_closed_march()
    create_verified_account(creator, by=maker)
    one, two = ApiClient(maker, scopes=("finance:work",)), ApiClient(checker, scopes=("finance:work",))

    batch = one.post("finance/batches").json()["id"]
    assert one.post("finance/batches").json()["error"]["code"] == "nobody_payable"
    assert one.post(f"finance/batches/{batch}/approve").status_code == 403
    assert two.post(f"finance/batches/{batch}/approve").json()["state"] == "approved"
    assert two.post(f"finance/batches/{batch}/approve").status_code == 409
    first, again = (one.post(f"finance/batches/{batch}/export", {"format": "csv"}) for _click in range(2))
    assert (first.status_code, first.content) == (200, again.content)
    assert one.post(f"finance/batches/{batch}/export", {"format": "sepa"}).status_code == 400
    payout = one.get(f"finance/batches/{batch}").json()["payouts"][0]["id"]
    paid = one.post(f"finance/payouts/{payout}/outcome", {"outcome": "paid", "bank_reference": "B-1"})
    assert (paid.json()["state"], Batch.objects.get().state) == ("paid", "settled")
    assert JournalEntry.objects.filter(kind="item").count() == 1


@pytest.mark.parametrize(
    "path",
    [
        "finance/periods", "finance/periods/2026-03", "finance/batches", "finance/batches/1",
        "finance/ledger/accounts", "finance/ledger/entries", "finance/rate-cards",
    ],
)  # fmt: skip
def test_finance_endpoints_need_finance_staff_and_scope(path: str) -> None:
    person, finance = UserFactory.create(display_name="Person"), FinanceUserFactory.create()

    assert Client().get(f"/api/v1/{path}").status_code == 401
    assert ApiClient(person, scopes=("usage:read",)).get(path).status_code in (403, 404)
    assert ApiClient(finance, scopes=("usage:read",)).get(path).status_code == 403
    assert ApiClient(finance, scopes=("finance:work",)).get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    "body", [None, [], "", {"outcome": []}, {"first_month": None}, {"rates": "x"}, {"rates": [{"unit": {}}]}]
)
@pytest.mark.parametrize(
    "path", ["finance/rate-cards", "finance/payouts/1/outcome", "finance/batches/1/export"]
)
def test_invalid_bodies_are_refused_and_write_nothing(path: str, body: Any) -> None:
    answer = ApiClient(FinanceUserFactory.create(), scopes=("finance:work",)).post(path, body)

    assert 400 <= answer.status_code < 500
    assert "error" in answer.json()
    assert RateCard.objects.count() == 1


def test_rate_card_needs_notice() -> None:
    key = ApiClient(FinanceUserFactory.create(), scopes=("finance:work",))
    body = {
        "first_month": "2026-01", "currency": "USD", "note": "More",
        "rates": [{"unit": "message", "amount_micros": 5000}],
    }  # fmt: skip

    refused = key.post("finance/rate-cards", body)
    written = key.post("finance/rate-cards", body | {"first_month": "2099-01"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "notice_too_short")
    assert (written.status_code, written.json()["version"], written.json()["rates"]) == (
        201, 2, [{"unit": "message", "category": "", "amount_micros": 5000}],
    )  # fmt: skip


def test_a_calculation_is_broken_off_by_api() -> None:
    maker, checker = FinanceUserFactory.create(), FinanceUserFactory.create()
    one, two = ApiClient(maker, scopes=("finance:work",)), ApiClient(checker, scopes=("finance:work",))
    one.post("finance/periods/2026-03/close")

    assert two.post("finance/periods/2026-03/cancel").status_code == 400
    assert CloseRun.objects.get().state == "calculating"
    answer = two.post("finance/periods/2026-03/cancel", {"reason": "The worker is gone"})

    assert (answer.status_code, answer.json()["state"]) == (200, "grace")
    assert CloseRun.objects.get().state == "rejected"


def test_close_is_started_and_rejected_by_api() -> None:
    maker, checker = FinanceUserFactory.create(), FinanceUserFactory.create()
    one, two = ApiClient(maker, scopes=("finance:work",)), ApiClient(checker, scopes=("finance:work",))

    started = one.post("finance/periods/2026-03/close")
    close_period(period=PERIOD, by=maker, at=CLOSING)
    rejected = two.post("finance/periods/2026-03/reject", {"reason": "Wrong figures"})

    first, second = CloseRun.objects.order_by("number")
    assert (started.status_code, started.json()["state"], started.json()["id"]) == (
        202,
        "calculating",
        first.pk,
    )
    assert (rejected.status_code, rejected.json()["number"], rejected.json()["id"]) == (202, 2, second.pk)
    assert [job for job in take_jobs() if job[0].startswith("payouts.")] == [
        ("payouts.calculate_close", {"run_id": run.pk}) for run in (first, second)
    ]


def test_batch_is_cancelled_by_api() -> None:
    creator, _visitor, maker, _checker = create_closed_march()
    create_verified_account(creator, by=maker)
    key = ApiClient(maker, scopes=("finance:work",))
    batch = key.post("finance/batches").json()["id"]

    assert key.post(f"finance/batches/{batch}/cancel").status_code == 400
    assert Batch.objects.get().state == "draft"
    assert key.post(f"finance/batches/{batch}/cancel", {"reason": "Wrong day"}).json()["state"] == "cancelled"


def test_failed_and_returned_payouts_are_recorded_by_api() -> None:
    creator, _visitor, maker, checker = create_closed_march()
    create_verified_account(creator, by=maker)
    key = ApiClient(maker, scopes=("finance:work",))

    failed = create_exported_payout(maker=maker, checker=checker)
    body = {"outcome": "failed", "reason": "Account closed"}
    answers = [key.post(f"finance/payouts/{failed.pk}/outcome", body)]
    returned = create_exported_payout(maker=maker, checker=checker)
    settle_payout(payout_id=returned.pk, bank_reference="B-1", by=maker, at=CLOSING)
    body = {"outcome": "returned", "reason": "R03", "bank_reference": "B-2"}
    answers.append(key.post(f"finance/payouts/{returned.pk}/outcome", body))

    assert [(answer.status_code, answer.json()["state"], answer.json()["reason"]) for answer in answers] == [
        (200, "failed", "Account closed"), (200, "returned", "R03"),
    ]  # fmt: skip


def test_finance_key_reads_own_statements_only_under_earnings() -> None:
    _creator, _visitor, maker, _checker = create_closed_march()
    statement, key = Statement.objects.get(), ApiClient(maker, scopes=("usage:read", "finance:work"))

    assert key.get(f"earnings/statements/{statement.pk}").status_code == 404
    assert key.get("earnings/statements").json()["items"] == []


def test_finance_key_finds_nothing_after_its_owner_left_finance() -> None:
    maker = FinanceUserFactory.create()
    key = ApiClient(maker, scopes=("finance:work",))
    assert key.get("finance/periods").status_code == 200
    StaffRole.objects.filter(user=maker).delete()

    refused = key.post("finance/batches")

    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
    assert not Batch.objects.exists()


def test_month_is_read_with_its_runs_and_verdicts_by_api() -> None:
    _creator, _visitor, maker, checker = create_closed_march()
    run = CloseRun.objects.get()

    body = ApiClient(maker, scopes=("finance:work",)).get("finance/periods/2026-03").json()

    assert (body["month"], body["state"], body["digest"]) == ("2026-03", "closed", run.digest)
    assert (body["verdicts"], body["total_minor"]) == ({"qualified": 600}, 1440)
    assert [(row["id"], row["started_by"], row["decided_by"]) for row in body["runs"]] == [
        (run.pk, maker.pk, checker.pk)
    ]
