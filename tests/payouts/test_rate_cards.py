"""Rate cards: which card applies to a month, notice, and refused terms."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.periods import Period
from payouts.models import RateCard
from payouts.services import create_rate_card
from payouts.services.rate_cards import RateTerms, get_first_month, get_rate_card
from tests.support.factories.workspaces import FinanceUserFactory
from tests.support.payouts import close_march
from tests.support.times import MARCH

pytestmark = pytest.mark.django_db(transaction=True)


def create(first_month: str = "2026-05", rates: Any = None, **terms: Any) -> RateCard:
    return create_rate_card(
        currency="USD",
        first_month=first_month,
        rates={("message", ""): 5000} if rates is None else rates,
        terms=RateTerms(**terms),
        note="Test",
        by=FinanceUserFactory.create(),
        at=MARCH,
    )


def test_newest_card_of_the_month_or_before_applies() -> None:
    create("2026-05")
    corrected = create("2026-05")
    create("2026-07")

    assert [get_rate_card(Period(2026, month)).version for month in (4, 5, 6, 7)] == [1, 3, 3, 4]
    assert corrected.version == 3


def test_month_before_the_first_card_has_none() -> None:
    with pytest.raises(NotFound) as refusal:
        get_rate_card(Period(2019, 12))

    assert refusal.value.code == "rate_card_missing"


def test_pool_card_keeps_its_pool() -> None:
    card = create(
        rule="pro_rata_pool", pool_minor=100_000, rates={("conversation", ""): 1, ("message", "writing"): 0}
    )

    assert (card.rule, card.pool_minor) == ("pro_rata_pool", 100_000)
    assert set(card.lines.values_list("unit", "category", "amount_micros")) == {
        ("conversation", "", 1), ("message", "writing", 0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"rule": "lottery"}, "rule_unknown", "rule"),
        ({"rule": "pro_rata_pool"}, "pool_amount", "pool_minor"),
        ({"pool_minor": 1}, "pool_amount", "pool_minor"),
        ({"minimum_payout_minor": 0}, "minimum_payout", "minimum_payout_minor"),
        ({"rates": {("visit", ""): 1}}, "rate_invalid", "rates"),
        ({"rates": {("message", "gardening"): 1}}, "rate_invalid", "rates"),
        ({"rates": {("message", ""): -1}}, "rate_invalid", "rates"),
        ({"rates": {}}, "rates_missing", "rates"),
        ({"rates": {("message", "writing"): 5}}, "rates_missing", "rates"),
    ],
)
def test_invalid_terms_are_refused_and_write_nothing(values: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create(**values)

    assert (refusal.value.code, refusal.value.field, RateCard.objects.count()) == (code, field, 1)


def test_card_for_a_closed_month_is_refused() -> None:
    close_march(maker=FinanceUserFactory.create(), checker=FinanceUserFactory.create())

    with pytest.raises(Conflict) as refusal:
        create_rate_card(
            currency="USD", first_month="2026-03", rates={("message", ""): 1}, terms=RateTerms(), note="Test",
            by=FinanceUserFactory.create(), at=MARCH.replace(month=1),
        )  # fmt: skip

    assert (refusal.value.code, RateCard.objects.count()) == ("period_frozen", 1)


def test_nothing_is_earned_before_the_oldest_card() -> None:
    oldest = min(RateCard.objects.values_list("first_month", flat=True))
    assert str(get_first_month()) == oldest
