"""What counted units are worth: the rules of a rate card, and the division down to lines. No database."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.money import Micros, allocate, micros_to_minor
from payouts.services.classification import Count
from payouts.states import Rule, Unit, Verdict

TOKENS_PER_UNIT = 1_000


@dataclass(frozen=True)
class CardTerms:
    """The part of a rate card that values units; rates by (unit, category or "")."""

    version: int
    rule: str
    currency: str
    pool_minor: int
    rates: Mapping[tuple[str, str], Micros]


@dataclass(frozen=True)
class ValuedLine:
    """A count with its exact value and its whole minor units."""

    count: Count
    amount_micros: Micros = 0
    amount_minor: int = 0


@dataclass(frozen=True)
class Valuation:
    """A month's result. ``pool_minor`` was to be divided, ``carried_minor`` of it goes on to the next."""

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


def worth(count: Count, terms: CardTerms) -> Micros:
    """Return the exact value of the units at the card's rates; a category's rate replaces the general one."""

    def rate(unit: Unit) -> Micros:
        specific = terms.rates.get((unit, count.category)) if count.category else None
        return terms.rates.get((unit, ""), 0) if specific is None else specific

    return (
        count.conversations * rate(Unit.CONVERSATION)
        + count.messages * rate(Unit.MESSAGE)
        + count.output_tokens * rate(Unit.TOKENS) // TOKENS_PER_UNIT
    )


def value_month(
    *,
    month: str,
    counts: Sequence[Count],
    terms: CardTerms,
    origin_terms: Callable[[str], CardTerms],
    carried_in_minor: int,
) -> Valuation:
    """Divide the month's money. Deterministic: the same counts and cards give the same digest anywhere.

    Fixed rates: each payee's exact sum is rounded once, then divided over its lines, so that nobody's
    use changes another's amount. Late use keeps its origin month's fixed rates. A pool, with what was
    carried into the month, is divided over payees and then over lines; without weights it is carried on.
    """
    ordered = sorted(counts, key=_order)
    fixed: dict[int, Micros] = {}
    pooled: dict[int, Micros] = {}
    for position, count in enumerate(ordered):
        if count.verdict != Verdict.QUALIFIED:
            continue
        origin = terms if count.origin == month else origin_terms(count.origin)
        chosen = origin if origin.rule == Rule.FIXED_RATE else terms
        (fixed if chosen.rule == Rule.FIXED_RATE else pooled)[position] = worth(count, chosen)
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
    return replace(bare, digest=_digest(month, terms, bare))


def _divide_fixed(
    values: Mapping[int, Micros], payee_of: Mapping[int, int], currency: str, month: str
) -> dict[int, int]:
    amounts: dict[int, int] = {}
    for payee_id, positions in _grouped(values, payee_of).items():
        weights = {position: values[position] for position in positions}
        share = micros_to_minor(sum(weights.values()), currency)
        amounts |= allocate(share, weights, f"{month}|{payee_id}")
    return amounts


def _divide_pool(
    pool: int, weights: Mapping[int, Micros], payee_of: Mapping[int, int], month: str
) -> dict[int, int]:
    grouped = _grouped(weights, payee_of)
    sums = {payee_id: sum(weights[position] for position in rows) for payee_id, rows in grouped.items()}
    amounts: dict[int, int] = {}
    for payee_id, share in allocate(pool, sums, month).items():
        own = {position: weights[position] for position in grouped[payee_id]}
        amounts |= allocate(share, own, f"{month}|{payee_id}")
    return amounts


def _grouped(positions: Iterable[int], payee_of: Mapping[int, int]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for position in positions:
        grouped[payee_of[position]].append(position)
    return dict(grouped)


def _order(count: Count) -> tuple[int, int, str, str, str]:
    return count.payee_id, count.gpt_id, count.category, count.origin, count.verdict


def _digest(month: str, terms: CardTerms, valuation: Valuation) -> str:
    return canonical_sha256(
        {
            "month": month,
            "rate_card": terms.version,
            "currency": terms.currency,
            "pool_minor": valuation.pool_minor,
            "carried_minor": valuation.carried_minor,
            "lines": [
                [*_order(line.count), line.count.conversations, line.count.messages, line.count.input_tokens,
                 line.count.output_tokens, line.amount_micros, line.amount_minor]
                for line in valuation.lines
            ],
        }
    )  # fmt: skip


def canonical_sha256(document: Mapping[str, Any]) -> str:
    """Return the hash of the document as JSON with sorted keys and no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
