"""Money by API: the same refusals as on pages, other scopes and strangers find nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from core.periods import Period
from core.scope import system_scope
from payouts.models import Batch, JournalEntry, RateCard, Statement
from payouts.services import approve_close, close_period
from tests.payouts.makers import CLOSING, MARCH, make_finance, make_gpt, make_payable, make_user, use_often
from workspaces.models import User
from workspaces.services.api_keys import create_api_key

PERIOD = Period(2026, 3)
pytestmark = pytest.mark.django_db(transaction=True)


class Key:
    """Calls the API with one person's key."""

    def __init__(self, user: User, *scopes: str) -> None:
        with system_scope("tests"):
            _key, plain = create_api_key(
                user=user, workspace=user.personal_workspace, name="test", scopes=scopes, by=user, at=MARCH
            )
        self.headers = {"Authorization": f"Bearer {plain}"}

    def get(self, path: str) -> Any:
        return Client().get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path: str, body: Any = None) -> Any:
        return Client().post(
            f"/api/v1/{path}",
            body if body is not None else {},
            content_type="application/json",
            headers=self.headers,
        )


def closed_march() -> tuple[User, User, User, User]:
    creator, visitor, maker, checker = (
        make_user("Creator"),
        make_user("Visitor"),
        make_finance(),
        make_finance(),
    )
    use_often(make_gpt(creator), visitor, 600)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    return creator, visitor, maker, checker


def test_a_creator_reads_earnings_and_a_foreign_statement_is_nowhere() -> None:
    creator, visitor, maker, _checker = closed_march()
    statement = Statement.objects.get()
    own, foreign = Key(creator, "usage:read"), Key(visitor, "usage:read")

    assert own.get("earnings").json()["available"] == {"minor": 1440, "currency": "USD", "amount": "14.40"}
    assert [item["id"] for item in own.get("earnings/statements").json()["items"]] == [statement.pk]
    assert own.get(f"earnings/statements/{statement.pk}/lines").json()["items"][0]["amount_minor"] == 1440
    for ending in ("", "/lines"):
        refused = foreign.get(f"earnings/statements/{statement.pk}{ending}")
        assert (refused.status_code, refused.json()) == (
            404, foreign.get(f"earnings/statements/99999{ending}").json(),
        )  # fmt: skip
        assert Key(maker, "usage:read").get(f"earnings/statements/{statement.pk}{ending}").status_code == 404


def test_a_month_is_approved_by_another_person_and_for_the_figures_they_saw() -> None:
    creator, visitor, maker, checker = (
        make_user("Creator"),
        make_user("Visitor"),
        make_finance(),
        make_finance(),
    )
    use_often(make_gpt(creator), visitor, 5)
    run = close_period(period=PERIOD, by=maker, at=CLOSING)
    path = "finance/periods/2026-03/approve"

    same_person = Key(maker, "finance:work").post(path, {"digest": run.digest})
    other_figures = Key(checker, "finance:work").post(path, {"digest": "0" * 64})
    assert (same_person.status_code, same_person.json()["error"]["code"]) == (403, "four_eyes")
    assert (other_figures.status_code, other_figures.json()["error"]["code"]) == (409, "figures_changed")
    assert not Statement.objects.exists()

    closed = Key(checker, "finance:work").post(path, {"digest": run.digest})
    assert (closed.status_code, closed.json()["state"], closed.json()["digest"]) == (
        200,
        "closed",
        run.digest,
    )


def test_a_batch_by_two_keys() -> None:
    creator, _visitor, maker, checker = closed_march()
    make_payable(creator, by=maker)
    one, two = Key(maker, "finance:work"), Key(checker, "finance:work")

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
def test_finance_is_for_finance_keys_alone(path: str) -> None:
    person, finance = make_user("Person"), make_finance()

    assert Client().get(f"/api/v1/{path}").status_code == 401
    assert Key(person, "usage:read").get(path).status_code in (403, 404)
    assert Key(finance, "usage:read").get(path).status_code == 403
    assert Key(finance, "finance:work").get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    "body", [None, [], "", {"outcome": []}, {"first_month": None}, {"rates": "x"}, {"rates": [{"unit": {}}]}]
)
@pytest.mark.parametrize(
    "path", ["finance/rate-cards", "finance/payouts/1/outcome", "finance/batches/1/export"]
)
def test_nonsense_is_refused_and_writes_nothing(path: str, body: Any) -> None:
    answer = Key(make_finance(), "finance:work").post(path, body)

    assert 400 <= answer.status_code < 500
    assert "error" in answer.json()
    assert RateCard.objects.count() == 1


def test_a_rate_card_needs_notice() -> None:
    key = Key(make_finance(), "finance:work")
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
