"""The payout account and the usage list by API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payouts.models import PayoutAccount
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.times import MARCH
from workspaces.models import Notification

IBAN = "DE89 3704 0044 0532 0130 00"
BODY = {
    "legal_name": "Cleo Creator", "country": "DE", "method": "iban", "iban": IBAN, "minimum_minor": 2500,
    "password": PASSWORD,
}  # fmt: skip
pytestmark = pytest.mark.django_db(transaction=True)


def test_account_is_saved_and_only_the_iban_ending_is_returned() -> None:
    user = UserFactory.create(display_name="Cleo")
    key = ApiClient(user, scopes=("usage:read", "account"))

    missing, saved, read = (
        key.get("earnings/account"),
        key.put("earnings/account", BODY),
        key.get("earnings/account"),
    )

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
    assert Notification.objects.filter(user=user, kind="security.payout_account_changed").count() == 1
    assert key.put("earnings/account", BODY | {"iban": ""}).json()["iban_ending"] == "3000"


@pytest.mark.parametrize("scopes", [("usage:read",), ("account",), ("gpts:write", "usage:read")])
def test_saving_an_account_needs_both_scopes(scopes: tuple[str, ...]) -> None:
    key = ApiClient(UserFactory.create(display_name="Cleo"), scopes=scopes)

    assert key.put("earnings/account", BODY).status_code == 403
    assert not PayoutAccount.objects.exists()
    assert not Notification.objects.filter(kind="security.payout_account_changed").exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"iban": "DE00 1"}, "iban"), ({"country": "1!"}, "country"), ({"method": "cash"}, "method"),
     ({"legal_name": ""}, "legal_name"), ({"minimum_minor": -1}, "minimum_minor"), ({"iban": ""}, "iban")],
)  # fmt: skip
def test_invalid_accounts_are_refused(change: dict[str, Any], field: str) -> None:
    refused = ApiClient(UserFactory.create(display_name="Cleo"), scopes=("usage:read", "account")).put(
        "earnings/account", BODY | change
    )

    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert not PayoutAccount.objects.exists()


def test_usage_list_is_paginated_and_contains_own_use_only() -> None:
    creator, visitor = UserFactory.create(display_name="Creator"), UserFactory.create(display_name="Visitor")
    own, foreign = GPTFactory.create(owner=visitor, name="Mine"), GPTFactory.create(owner=creator)
    older = UsageEventFactory.create(gpt=foreign, user=visitor, at=MARCH, output_tokens=7)
    newer = UsageEventFactory.create(gpt=own, user=visitor, at=MARCH + timedelta(days=1))
    UsageEventFactory.create(gpt=foreign, user=creator)
    key = ApiClient(visitor, scopes=("usage:read",))

    first = key.get("usage?size=1").json()
    second = key.get(f"usage?size=1&cursor={first['next_cursor']}").json()

    assert [item["event_id"] for item in first["items"]] == [str(newer.event_id)]
    assert (first["items"][0]["gpt"], second["next_cursor"]) == (own.slug, "")
    assert second["items"] == [
        {"event_id": str(older.event_id), "conversation_id": str(older.conversation_id), "gpt": None,
         "occurred_at": second["items"][0]["occurred_at"], "model_name": "offline", "input_tokens": 40,
         "output_tokens": 7, "cost_micros": 0, "outcome": "finished", "is_regeneration": False,
         "is_estimated": False},
    ]  # fmt: skip
    # The creator earns by the visitor's use, but does not read it.
    assert len(ApiClient(creator, scopes=("usage:read",)).get("usage").json()["items"]) == 1
    assert ApiClient(visitor, scopes=("chat",)).get("usage").status_code == 403


def test_usage_list_has_a_constant_number_of_queries() -> None:
    visitor = UserFactory.create(display_name="Visitor")
    gpt, key, counts = GPTFactory.create(owner=visitor), ApiClient(visitor, scopes=("usage:read",)), []
    key.get("usage")  # the first call stores the key's last use
    for more in (1, 2):
        for _number in range(more):
            UsageEventFactory.create(gpt=gpt, user=visitor)
        with CaptureQueriesContext(connection) as queries:
            assert key.get("usage").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
