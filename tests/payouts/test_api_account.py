"""Payout account and own usage by API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payouts.models import PayoutAccount
from tests.payouts.makers import MARCH, make_gpt, make_user, use
from tests.payouts.test_api import Key
from workspaces.models import Notification

IBAN = "DE89 3704 0044 0532 0130 00"
BODY = {
    "legal_name": "Cleo Creator", "country": "DE", "method": "iban", "iban": IBAN, "minimum_minor": 2500,
}  # fmt: skip
pytestmark = pytest.mark.django_db(transaction=True)


def put(key: Key, body: dict[str, Any]) -> Any:
    return Client().put(
        "/api/v1/earnings/account", body, content_type="application/json", headers=key.headers
    )


def test_an_account_is_saved_and_only_the_ending_of_its_number_comes_back() -> None:
    user = make_user("Cleo")
    key = Key(user, "usage:read", "account")

    missing, saved, read = key.get("earnings/account"), put(key, BODY), key.get("earnings/account")

    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "payout_account_missing")
    found = dict(saved.json())
    assert found.pop("changed_at")
    assert (saved.status_code, found) == (
        200,
        {"legal_name": "Cleo Creator", "country": "DE", "method": "iban", "iban_ending": "3000",
         "minimum_minor": 2500, "is_verified": False, "is_held": False, "hold_reason": ""},
    )  # fmt: skip
    assert read.json() == saved.json()
    assert b"0532" not in saved.content + read.content
    assert PayoutAccount.objects.get().payee == user
    assert Notification.objects.filter(user=user, kind="payouts.account_changed").count() == 1
    assert put(key, BODY | {"iban": ""}).json()["iban_ending"] == "3000"


@pytest.mark.parametrize("scopes", [("usage:read",), ("account",), ("gpts:write", "usage:read")])
def test_a_key_for_reports_does_not_move_money(scopes: tuple[str, ...]) -> None:
    key = Key(make_user("Cleo"), *scopes)

    assert put(key, BODY).status_code == 403
    assert not PayoutAccount.objects.exists()
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"iban": "DE00 1"}, "iban"), ({"country": "1!"}, "country"), ({"method": "cash"}, "method"),
     ({"legal_name": ""}, "legal_name"), ({"minimum_minor": -1}, "minimum_minor"), ({"iban": ""}, "iban")],
)  # fmt: skip
def test_an_account_is_refused_as_on_the_page(change: dict[str, Any], field: str) -> None:
    refused = put(Key(make_user("Cleo"), "usage:read", "account"), BODY | change)

    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert not PayoutAccount.objects.exists()


def test_own_use_is_listed_page_by_page_and_nobody_elses() -> None:
    creator, visitor = make_user("Creator"), make_user("Visitor")
    own, foreign = make_gpt(visitor, name="Mine"), make_gpt(creator)
    older = use(foreign, visitor, at=MARCH, output_tokens=7)
    newer = use(own, visitor, at=MARCH + timedelta(days=1))
    use(foreign, creator)
    key = Key(visitor, "usage:read")

    first = key.get("usage?size=1").json()
    second = key.get(f"usage?size=1&cursor={first['next_cursor']}").json()

    assert [item["event_id"] for item in first["items"]] == [str(newer.event_id)]
    assert (first["items"][0]["gpt"], second["next_cursor"]) == (own.slug, "")
    assert second["items"] == [
        {"event_id": str(older.event_id), "conversation_id": str(older.conversation_id), "gpt": None,
         "occurred_at": second["items"][0]["occurred_at"], "model_name": "offline", "input_tokens": 40,
         "output_tokens": 7, "cost_micros": 0, "outcome": "finished", "is_regeneration": False},
    ]  # fmt: skip
    # The creator earns by the visitor's use, but does not read it.
    assert len(Key(creator, "usage:read").get("usage").json()["items"]) == 1
    assert Key(visitor, "chat").get("usage").status_code == 403


def test_a_longer_list_takes_no_more_queries() -> None:
    visitor = make_user("Visitor")
    gpt, key, counts = make_gpt(visitor), Key(visitor, "usage:read"), []
    key.get("usage")  # notes the key's first use
    for more in (1, 2):
        for _number in range(more):
            use(gpt, visitor)
        with CaptureQueriesContext(connection) as queries:
            assert key.get("usage").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
