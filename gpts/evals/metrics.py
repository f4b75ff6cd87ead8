"""What a run says in figures, and how two runs differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from gpts.evals.states import ExpectedOutcome, GoldenResultState

# Nothing is said about what fewer people think.
MINIMUM_GROUP = 5


@dataclass(frozen=True)
class Figure:
    """One result as metrics need it."""

    state: str
    expected: str
    outcome: str
    latency_ms: int | None


def measure(figures: Iterable[Figure]) -> dict[str, Any]:
    """Return shares from 0 to 1, or None where there is nothing to count.

    ``success_rate``: passed of all asked, so that no answer and not judged do not pass. ``accuracy``: of the
    labelled ones that were answered, those whose outcome is the label. ``escalation_rate``: of the answered
    ones, those handed to a person.
    """
    rows = list(figures)
    answered = [row for row in rows if row.outcome]
    labelled = [row for row in answered if row.expected]
    latencies = [row.latency_ms for row in answered if row.latency_ms is not None]
    return {
        "success_rate": _share(sum(row.state == GoldenResultState.PASSED for row in rows), len(rows)),
        "accuracy": _share(sum(row.outcome == row.expected for row in labelled), len(labelled)),
        "labelled": len(labelled),
        "escalation_rate": _share(
            sum(row.outcome == ExpectedOutcome.ESCALATE for row in answered), len(answered)
        ),
        "median_latency_ms": round(median(latencies)) if latencies else None,
    }


def satisfaction(positive: int, people: int, thumbs: int) -> dict[str, Any]:
    """Return the share of thumbs up, None while fewer than MINIMUM_GROUP people gave any."""
    if people < MINIMUM_GROUP:
        return {"satisfaction": None, "satisfaction_people": None}
    return {"satisfaction": _share(positive, thumbs), "satisfaction_people": people}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


Change = Literal["fixed", "broken", "same", "new"]


def change_between(before: str | None, after: str) -> Change:
    """Say what became of one prompt. Without an answer on either side nothing is claimed: "same"."""
    if before is None:
        return "new"
    judged = (GoldenResultState.PASSED, GoldenResultState.FAILED)
    if before in judged and after in judged and before != after:
        return "fixed" if after == GoldenResultState.PASSED else "broken"
    return "same"


@dataclass
class Comparison:
    """Changes by prompt id, and how many of each."""

    changes: dict[int, Change] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("fixed", "broken", "same", "new"), 0)
    )


def compare_runs(before: Mapping[int, str], after: Mapping[int, str]) -> Comparison:
    """Compare states by prompt id; prompts that only the earlier run had are left out."""
    comparison = Comparison()
    for prompt, state in after.items():
        change = change_between(before.get(prompt), state)
        comparison.changes[prompt] = change
        comparison.counts[change] += 1
    return comparison
