"""The interface of a checker, its finding, and helpers to build evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from gpts.assistants.models import Version

QUOTE_LENGTH = 120


class CheckerError(Exception):
    """The checker could not run. The submission stays pending: an error never counts as passed."""


@dataclass(frozen=True)
class Finding:
    """``score``: 0 (nothing) to 100 (certain). Evidence: {"where", "quote", "why"}; ``why`` keys REASONS."""

    score: int = 0
    evidence: list[dict[str, Any]] = field(default_factory=list)


class Checker(Protocol):
    """``version`` rises when the same input may give another result; stored checks name theirs."""

    name: str
    version: int
    label: Any

    def run(self, version: Version) -> Finding:
        """Check one version. Raises CheckerError when it cannot be checked now."""


def iterate_texts(version: Version) -> Iterator[tuple[str, str]]:
    """Yield (field name, text) for every text that people or the model read."""
    yield "name", version.name
    yield "description", version.description
    yield "instructions", version.instructions
    for starter in version.starters:
        yield "starters", starter


def build_quote(text: str, start: int, end: int) -> str:
    """Return the passage with some context, on one line and at most QUOTE_LENGTH long."""
    passage = " ".join(text[max(0, start - 30) : end + 30].split())
    return passage if len(passage) <= QUOTE_LENGTH else passage[: QUOTE_LENGTH - 1] + "…"


def build_finding(evidence: list[dict[str, Any]], scores: dict[str, int]) -> Finding:
    """Return a finding with the score of its worst piece of evidence."""
    return Finding(score=max((scores[item["why"]] for item in evidence), default=0), evidence=evidence[:20])
