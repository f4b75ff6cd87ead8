"""Results of the bank that come twice or out of order; there is no webhook of a payment provider."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from core.errors import DomainError
from payouts.models import Batch, JournalEntry, Payout
from payouts.services import (
    accept_batch,
    fail_payout,
    reject_batch,
    return_payout,
    settle_payout,
    verify_ledger,
)
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import (
    CLOSING,
    close_march,
    create_exported_payout,
    create_uses,
    create_verified_account,
    get_available,
)


def list_routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[str]:
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        found += list_routes(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else [route]
    return found


def test_there_is_no_webhook_of_a_payment_provider() -> None:
    """Money moves by files and results that finance handles: nobody else can send any."""
    routes = list_routes(get_resolver().url_patterns)

    assert len(routes) > 100
    assert [route for route in routes if "hook" in route or "callback/pay" in route] == []


@pytest.mark.django_db(transaction=True)
def test_results_that_come_twice_or_out_of_order_change_nothing() -> None:
    maker, checker = FinanceUserFactory.create(), FinanceUserFactory.create()
    creator = UserFactory.create()
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(), 600)
    close_march(maker=maker, checker=checker)
    create_verified_account(creator, by=maker)
    payout = create_exported_payout(maker=maker, checker=checker)

    def record(reference: str = "BANK-1") -> Payout:
        return settle_payout(payout_id=payout.pk, bank_reference=reference, by=maker, at=CLOSING)

    def take_back() -> Payout:
        return return_payout(payout_id=payout.pk, bank_reference="BANK-R", by=maker, at=CLOSING, reason="R03")

    def refuse(*results: Callable[[], object]) -> None:
        before = (
            list(JournalEntry.objects.order_by("pk").values_list("idempotency_key", flat=True)),
            Payout.objects.get().state, Batch.objects.get().state,
        )  # fmt: skip
        for result in results:
            with pytest.raises(DomainError):
                result()
        assert before == (
            list(JournalEntry.objects.order_by("pk").values_list("idempotency_key", flat=True)),
            Payout.objects.get().state, Batch.objects.get().state,
        )  # fmt: skip

    refuse(take_back)  # a return before the payment
    record()
    refuse(
        record,
        lambda: record("BANK-2"),
        lambda: fail_payout(payout_id=payout.pk, by=maker, at=CLOSING, reason="Late"),
        lambda: reject_batch(batch_id=payout.batch_id, by=maker, at=CLOSING, reason="Late"),
        lambda: accept_batch(batch_id=payout.batch_id, by=maker, at=CLOSING),
    )
    take_back()
    refuse(take_back, record)
    assert (get_available(creator), verify_ledger()) == (1440, [])
