"""Durations as counts by step, so that days can be joined without keeping any answer's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate

# Each step is 15 per cent longer than the one before; a quantile is right to within that.
STEP_RATIO = 1.15
STEP_COUNT = 100
SHORTEST_SECONDS = 0.01


def get_step(seconds: float) -> int:
    if seconds <= SHORTEST_SECONDS:
        return 0
    return min(STEP_COUNT - 1, 1 + int(math.log(seconds / SHORTEST_SECONDS) / math.log(STEP_RATIO)))


def count_steps(seconds: Iterable[float]) -> list[int]:
    """Return how many durations fall on each step, without the empty end."""
    counts = [0] * STEP_COUNT
    for value in seconds:
        counts[get_step(value)] += 1
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


def compute_quantile(counts: Sequence[int], share: float) -> float | None:
    """Return the duration in seconds below which ``share`` of all lie, None without any."""
    total = sum(counts)
    if not total:
        return None
    sums = accumulate(counts)
    step = next(step for step, seen in enumerate(sums) if seen >= share * total)
    # The middle of the step.
    return SHORTEST_SECONDS if step == 0 else float(SHORTEST_SECONDS * STEP_RATIO ** (step - 0.5))
