"""Valuing counted units: fixed rates, pools, rounding and carrying forward. No database."""

from __future__ import annotations

from typing import Any

import pytest

from payouts.services.classification import UsageCount
from payouts.services.valuation import CardTerms, Valuation, compute_value, value_month


def build_count(payee_id: int, messages: int, **changes: Any) -> UsageCount:
    values: dict[str, Any] = {
        "payee_id": payee_id, "gpt_id": payee_id, "category": "", "verdict": "qualified", "conversations": 0,
        "messages": messages, "input_tokens": 0, "output_tokens": 0, "origin": "2026-03",
    }  # fmt: skip
    return UsageCount(**values | changes)


def build_terms(rule: str, *, pool_minor: int = 0, currency: str = "USD", rate: int = 1_000_000) -> CardTerms:
    return CardTerms(1, rule, currency, pool_minor, {("message", ""): rate})


def value(
    *counts: UsageCount, terms: CardTerms, origin: CardTerms | None = None, carried: int = 0
) -> Valuation:
    return value_month(
        month="2026-03", counts=counts, terms=terms, origin_terms=lambda month: origin or terms,
        carried_in_minor=carried,
    )  # fmt: skip


def list_amounts(valuation: Valuation) -> dict[int, int]:
    return {line.count.payee_id: line.amount_minor for line in valuation.lines}


def test_pool_is_divided_by_use() -> None:
    """Kindle Unlimited's published example: 10,000 of 100 million pages of $10 million earn $1,000."""
    terms = build_terms("pro_rata_pool", pool_minor=1_000_000_000)

    valuation = value(build_count(1, 10_000), build_count(2, 20_000), build_count(3, 99_970_000), terms=terms)

    assert list_amounts(valuation) == {1: 100_000, 2: 200_000, 3: 999_700_000}
    assert (valuation.pool_minor, valuation.carried_minor) == (1_000_000_000, 0)


def test_pool_loses_no_cent_and_counts_unpaid_use_as_zero() -> None:
    terms = build_terms("pro_rata_pool", pool_minor=800)

    valuation = value(
        *(build_count(payee_id, 1) for payee_id in (1, 2, 3)),
        build_count(4, 50, verdict="fraud"),
        terms=terms,
    )

    amounts = list_amounts(valuation)
    assert (sum(amounts.values()), sorted(amounts.values()), amounts[4]) == (800, [0, 266, 267, 267], 0)


def test_pool_without_use_is_carried_forward_with_what_was_carried_in() -> None:
    terms = build_terms("pro_rata_pool", pool_minor=800)

    valuation = value(build_count(1, 9, verdict="automation"), terms=terms, carried=50)

    assert (valuation.pool_minor, valuation.carried_minor, valuation.total_minor()) == (850, 850, 0)


def test_carried_pool_is_divided_next_month() -> None:
    terms = build_terms("pro_rata_pool", pool_minor=800)

    valuation = value(build_count(1, 9), terms=terms, carried=50)

    assert (list_amounts(valuation), valuation.carried_minor) == ({1: 850}, 0)


def test_fixed_rates_round_each_payee_once() -> None:
    terms = build_terms("fixed_rate", rate=4_000)

    valuation = value(
        build_count(1, 1, gpt_id=1), build_count(1, 1, gpt_id=2), build_count(2, 1), terms=terms
    )

    # 2 x 0.4 cents make 0.8 cents: one cent for payee 1. Payee 2's 0.4 cents make none.
    assert [sum(line.amount_minor for line in lines) for lines in valuation.by_payee().values()] == [1, 0]
    assert [line.amount_micros for line in valuation.lines] == [4_000, 4_000, 4_000]


def test_late_use_keeps_the_fixed_rate_of_its_origin_month() -> None:
    terms, origin = build_terms("fixed_rate", rate=10_000), build_terms("fixed_rate", rate=30_000)

    valuation = value(build_count(1, 1), build_count(2, 1, origin="2026-02"), terms=terms, origin=origin)

    assert list_amounts(valuation) == {1: 1, 2: 3}


def test_late_use_of_a_pool_month_is_valued_by_the_current_card() -> None:
    terms, origin = build_terms("fixed_rate", rate=10_000), build_terms("pro_rata_pool", pool_minor=800)

    valuation = value(build_count(2, 1, origin="2026-02"), terms=terms, origin=origin)

    assert list_amounts(valuation) == {2: 1}


def test_products_beyond_64_bits_are_exact() -> None:
    terms = build_terms("pro_rata_pool", pool_minor=10**15)

    valuation = value(build_count(1, 10**18), build_count(2, 10**18), terms=terms)

    assert list_amounts(valuation) == {1: 5 * 10**14, 2: 5 * 10**14}


@pytest.mark.parametrize(("currency", "amount"), [("USD", 250), ("JPY", 2), ("KWD", 2500)])
def test_minor_units_follow_the_currency(currency: str, amount: int) -> None:
    terms = build_terms("fixed_rate", currency=currency, rate=2_500_000)

    assert list_amounts(value(build_count(1, 1), terms=terms)) == {1: amount}


def test_rate_of_a_category_replaces_the_general_rate() -> None:
    rates = {("message", ""): 5, ("message", "writing"): 0, ("1k_tokens", ""): 7}
    terms = CardTerms(1, "fixed_rate", "USD", 0, rates)

    values = [
        compute_value(build_count(1, 2, category=category, output_tokens=1_999), terms)
        for category in ("", "writing", "lifestyle")
    ]

    assert values == [23, 13, 23]


def test_digest_depends_on_every_figure_and_not_on_the_order() -> None:
    terms = build_terms("fixed_rate")
    counts = [build_count(1, 1), build_count(2, 2)]

    digests = [
        value(*counts, terms=terms).digest,
        value(*reversed(counts), terms=terms).digest,
        value(build_count(1, 1), build_count(2, 2, input_tokens=1), terms=terms).digest,
    ]

    assert digests[0] == digests[1] != digests[2]
