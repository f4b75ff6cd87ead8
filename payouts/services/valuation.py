"""Valuing counted units by a rate card, and dividing money down to statement lines. No database."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.money import Micros, allocate, micros_to_minor
from payouts.services.classification import UsageCount
from payouts.states import Rule, Unit, Verdict

TOKENS_PER_UNIT = 1_000


@dataclass(frozen=True)
class CardTerms:
    """The part of a rate card that valuation reads; rates in micro-units by (unit, category or "")."""

    version: int
    rule: str
    currency: str
    pool_minor: int
    rates: Mapping[tuple[str, str], Micros]


@dataclass(frozen=True)
class ValuedLine:
    """A usage count with its exact value in micro-units and its share in whole minor units."""

    count: UsageCount
    amount_micros: Micros = 0
    amount_minor: int = 0


@dataclass(frozen=True)
class Valuation:
    """A month's result. ``carried_minor`` is the part of ``pool_minor`` that goes to the next month."""

    lines: tuple[ValuedLine, ...]
    pool_minor: int
    carried_minor: int
    digest: str

    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    def by_payee(self) -> dict[int, list[ValuedLine]]:
        grouped: dict[int, list[ValuedLine]] = defaultdict(list)
        for line in self.lines:
            grouped[line.count.payee_id].append(line)
        return dict(grouped)


def compute_value(count: UsageCount, terms: CardTerms) -> Micros:
    """Return the value of the units in micro-units; a category's rate replaces the general one.

    Tokens are priced per 1,000, rounded down.
    """

    return (
        count.conversations * get_rate(terms, Unit.CONVERSATION, count.category)
        + count.messages * get_rate(terms, Unit.MESSAGE, count.category)
        + count.output_tokens * get_rate(terms, Unit.TOKENS, count.category) // TOKENS_PER_UNIT
    )


def get_rate(terms: CardTerms, unit: Unit, category: str) -> Micros:
    specific = terms.rates.get((unit, category)) if category else None
    return terms.rates.get((unit, ""), 0) if specific is None else specific


def value_month(
    *,
    month: str,
    counts: Sequence[UsageCount],
    terms: CardTerms,
    origin_terms: Callable[[str], CardTerms],
    carried_in_minor: int,
) -> Valuation:
    """Divide the month's money over its counts. Deterministic: equal counts and cards give an equal digest.

    Fixed rates: each payee's sum in micro-units is rounded to minor units once and then divided over the
    payee's lines by largest remainder, so that one payee's use never changes another's amount. Late use
    keeps the fixed rates of its origin month. Pool: the pool plus the amount carried into the month is
    divided over payees and then over lines; if no use has weight, all of it is carried forward.
    """
    ordered = sorted(counts, key=_sort_key)
    fixed: dict[int, Micros] = {}
    pooled: dict[int, Micros] = {}
    for position, count in enumerate(ordered):
        if count.verdict != Verdict.QUALIFIED:
            continue
        origin = terms if count.origin == month else origin_terms(count.origin)
        chosen = origin if origin.rule == Rule.FIXED_RATE else terms
        (fixed if chosen.rule == Rule.FIXED_RATE else pooled)[position] = compute_value(count, chosen)
    payee_of = {position: count.payee_id for position, count in enumerate(ordered)}
    amounts = _divide_fixed(fixed, payee_of, terms.currency, month)
    pool = carried_in_minor + (terms.pool_minor if terms.rule == Rule.PRO_RATA_POOL else 0)
    has_weights = any(pooled.values())
    if has_weights:
        amounts |= _divide_pool(pool, pooled, payee_of, month)
    micros = fixed | pooled
    lines = tuple(
        ValuedLine(count, micros.get(position, 0), amounts.get(position, 0))
        for position, count in enumerate(ordered)
    )
    carried = 0 if has_weights else pool
    bare = Valuation(lines, sum(amounts.values()) + carried, carried, "")
    return replace(bare, digest=_compute_digest(month, terms, bare))


def _divide_fixed(
    values: Mapping[int, Micros], payee_of: Mapping[int, int], currency: str, month: str
) -> dict[int, int]:
    amounts: dict[int, int] = {}
    for payee_id, positions in _group_by_payee(values, payee_of).items():
        weights = {position: values[position] for position in positions}
        share = micros_to_minor(sum(weights.values()), currency)
        amounts |= allocate(share, weights, f"{month}|{payee_id}")
    return amounts


def _divide_pool(
    pool: int, weights: Mapping[int, Micros], payee_of: Mapping[int, int], month: str
) -> dict[int, int]:
    grouped = _group_by_payee(weights, payee_of)
    sums = {payee_id: sum(weights[position] for position in rows) for payee_id, rows in grouped.items()}
    amounts: dict[int, int] = {}
    for payee_id, share in allocate(pool, sums, month).items():
        own = {position: weights[position] for position in grouped[payee_id]}
        amounts |= allocate(share, own, f"{month}|{payee_id}")
    return amounts


def _group_by_payee(positions: Iterable[int], payee_of: Mapping[int, int]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for position in positions:
        grouped[payee_of[position]].append(position)
    return dict(grouped)


def _sort_key(count: UsageCount) -> tuple[int, int, str, str, str]:
    return count.payee_id, count.gpt_id, count.category, count.origin, count.verdict


def _compute_digest(month: str, terms: CardTerms, valuation: Valuation) -> str:
    return compute_canonical_sha256(
        {
            "month": month,
            "rate_card": terms.version,
            "currency": terms.currency,
            "pool_minor": valuation.pool_minor,
            "carried_minor": valuation.carried_minor,
            "lines": [
                [*_sort_key(line.count), line.count.conversations, line.count.messages,
                 line.count.input_tokens, line.count.output_tokens, line.amount_micros, line.amount_minor,
                 *([line.count.estimated] if line.count.estimated else [])]
                for line in valuation.lines
            ],
        }
    )  # fmt: skip


def compute_canonical_sha256(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the document as JSON with sorted keys and no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
