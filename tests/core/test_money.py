"""Allocation by largest remainder, as properties and known examples; money formats."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.money import (
    allocate,
    currency_exponent,
    format_money,
    micros_to_minor,
    minor_to_decimal,
    minor_to_micros,
)

POOLS = st.integers(-(10**15), 10**15)
WEIGHTS = st.dictionaries(st.integers(1, 10**9), st.integers(0, 10**18), min_size=1, max_size=60)


@given(POOLS, WEIGHTS)
def test_shares_add_up_to_the_pool(pool: int, weights: dict[int, int]) -> None:
    shares = allocate(pool, weights, "2026-03")

    assert shares.keys() == weights.keys()
    assert sum(shares.values()) == (pool if any(weights.values()) else 0)


@given(POOLS, WEIGHTS)
def test_a_share_is_less_than_one_unit_from_exact(pool: int, weights: dict[int, int]) -> None:
    total = sum(weights.values())
    for key, share in allocate(pool, weights, "2026-03").items():
        exact = Fraction(pool * weights[key], total) if total else Fraction(0)
        assert abs(share - exact) < 1


@given(st.integers(0, 10**15), WEIGHTS)
def test_more_weight_never_gets_less_and_no_weight_gets_nothing(pool: int, weights: dict[int, int]) -> None:
    shares = allocate(pool, weights, "2026-03")

    by_weight = sorted(weights, key=lambda key: (weights[key], shares[key]))
    assert [shares[key] for key in by_weight] == sorted(shares.values())
    assert all(shares[key] == 0 for key, weight in weights.items() if weight == 0)


@given(POOLS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(pool: int, weights: dict[int, int], random: object) -> None:
    shuffled = list(weights.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random

    assert allocate(pool, dict(shuffled), "2026-03") == allocate(pool, weights, "2026-03")


def test_five_thousand_very_large_weights() -> None:
    weights = {key: 10**18 - key for key in range(5_000)}

    assert sum(allocate(10**15, weights, "2026-03").values()) == 10**15


@pytest.mark.parametrize(
    ("pool", "weights", "expected"),
    [
        (5, {1: 70, 2: 30}, {1: 4, 2: 1}),
        (10_000_000_00, {1: 10_000, 2: 20_000, 3: 99_970_000}, {1: 1_000_00, 2: 2_000_00, 3: 9_997_000_00}),
        (22_500, {1: 1}, {1: 22_500}),
        (0, {1: 5, 2: 7}, {1: 0, 2: 0}),
        (100, {1: 0, 2: 0}, {1: 0, 2: 0}),
        (100, {}, {}),
    ],
)
def test_known_examples(pool: int, weights: dict[int, int], expected: dict[int, int]) -> None:
    assert allocate(pool, weights, "2026-03") == expected


def test_equal_remainders_are_stable_across_machines() -> None:
    thirds = {1: 1, 2: 1, 3: 1}

    assert sorted(allocate(800, thirds, "2026-03").values()) == [266, 267, 267]
    assert sorted(allocate(-100, thirds, "2026-03").values()) == [-34, -33, -33]
    # Of the three hashes, that of "2026-03|1" is the smallest.
    assert allocate(1, thirds, "2026-03") == {1: 1, 2: 0, 3: 0}


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        allocate(10, {1: -1, 2: 3}, "2026-03")


@pytest.mark.parametrize(
    ("code", "exponent"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("HUF", 2), ("ISK", 0)]
)
def test_exponents_follow_iso_4217(code: str, exponent: int) -> None:
    assert currency_exponent(code) == exponent


@pytest.mark.parametrize("code", ["", "usd", "US", "XX1", "DOLLAR", "ZZZ"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        currency_exponent(code)

    assert refusal.value.code == "currency_unknown"


@pytest.mark.parametrize(
    ("micros", "currency", "minor"),
    [
        (14_999, "USD", 1), (15_000, "USD", 2), (25_000, "USD", 2), (-15_000, "USD", -2), (25_001, "USD", 3),
        (1_499_999, "JPY", 1), (2_500_000, "JPY", 2), (500, "KWD", 0), (501, "KWD", 1), (0, "USD", 0),
    ],
)  # fmt: skip
def test_half_a_unit_is_rounded_to_even(micros: int, currency: str, minor: int) -> None:
    assert micros_to_minor(micros, currency) == minor


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "JPY", "KWD"]))
def test_minor_units_survive_conversion_to_micros_and_back(minor: int, currency: str) -> None:
    assert micros_to_minor(minor_to_micros(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "language", "written"),
    [
        (120450, "EUR", "en", "€1,204.50"),
        (120450, "EUR", "zh-hans", "€1,204.50"),
        (5, "JPY", "en", "¥5"),
        (5, "KWD", "en", "KWD\N{NO-BREAK SPACE}0.005"),
        (-1, "USD", "en", "-$0.01"),
        (0, "USD", "en", "$0.00"),
    ],
)
def test_money_is_formatted_with_its_currency(minor: int, currency: str, language: str, written: str) -> None:
    assert format_money(minor, currency, language) == written


def test_minor_units_become_exact_decimals() -> None:
    assert (
        f"{minor_to_decimal(1204, 'USD'):f} {minor_to_decimal(7, 'KWD'):f} {minor_to_decimal(7, 'JPY'):f}"
        == "12.04 0.007 7"
    )
