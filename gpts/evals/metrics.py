"""Metrics of a run, and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from core.min_group import MIN_GROUP
from gpts.evals.states import ExpectedOutcome, GoldenResultState


@dataclass(frozen=True)
class MeasuredResult:
    """The fields of a GoldenResult that metrics are computed from."""

    state: str
    expected: str
    outcome: str
    latency_ms: int | None


def compute_metrics(results: Iterable[MeasuredResult]) -> dict[str, Any]:
    """Return shares from 0 to 1, or None where there is nothing to count.

    ``success_rate``: passed among all; a result without an answer or verdict does not pass. ``accuracy``:
    outcome as expected, among answered ones with a label. ``escalation_rate``: handed over to a person, among
    answered ones. ``labelled`` counts answered ones with a label; ``median_latency_ms`` is in milliseconds.
    """
    rows = list(results)
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


def compute_satisfaction(positive: int, people: int, thumbs: int) -> dict[str, Any]:
    """Return the share of thumbs up, None while fewer than MIN_GROUP people gave any."""
    if people < MIN_GROUP:
        return {"satisfaction": None, "satisfaction_people": None}
    return {"satisfaction": _share(positive, thumbs), "satisfaction_people": people}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


Change = Literal["fixed", "broken", "same", "new"]


def classify_change(before: str | None, after: str) -> Change:
    """Compare the states of one prompt in two runs. Unless both passed or failed, the change is "same"."""
    if before is None:
        return "new"
    judged = (GoldenResultState.PASSED, GoldenResultState.FAILED)
    if before in judged and after in judged and before != after:
        return "fixed" if after == GoldenResultState.PASSED else "broken"
    return "same"


@dataclass
class Comparison:
    """The change of each prompt by its id, and how many there are of each kind."""

    changes: dict[int, Change] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("fixed", "broken", "same", "new"), 0)
    )


def compare_runs(before: Mapping[int, str], after: Mapping[int, str]) -> Comparison:
    """Compare states by prompt id; prompts that are only in the earlier run are left out."""
    comparison = Comparison()
    for prompt, state in after.items():
        change = classify_change(before.get(prompt), state)
        comparison.changes[prompt] = change
        comparison.counts[change] += 1
    return comparison
