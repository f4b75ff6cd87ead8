"""Durations as counts by step, so that days can be joined without keeping any answer's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate

# Each step is 15 per cent longer than the one before; a quantile is right to within that.
RATIO = 1.15
STEPS = 100
SHORTEST = 0.01


def step_of(seconds: float) -> int:
    if seconds <= SHORTEST:
        return 0
    return min(STEPS - 1, 1 + int(math.log(seconds / SHORTEST) / math.log(RATIO)))


def count_steps(seconds: Iterable[float]) -> list[int]:
    """Return how many durations fall on each step, without the empty end."""
    counts = [0] * STEPS
    for value in seconds:
        counts[step_of(value)] += 1
    while counts and counts[-1] == 0:
        counts.pop()
    return counts


def join_steps(parts: Iterable[Sequence[int]]) -> list[int]:
    joined: list[int] = []
    for part in parts:
        joined += [0] * (len(part) - len(joined))
        for step, count in enumerate(part):
            joined[step] += count
    return joined


def quantile(counts: Sequence[int], share: float) -> float | None:
    """Return the duration in seconds below which ``share`` of all lie, None without any."""
    total = sum(counts)
    if not total:
        return None
    sums = accumulate(counts)
    step = next(step for step, seen in enumerate(sums) if seen >= share * total)
    # The middle of the step.
    return SHORTEST if step == 0 else float(SHORTEST * RATIO ** (step - 0.5))
