"""What a checker is and what it may say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from gpts.assistants.models import Version

QUOTE_LENGTH = 120


class CheckerError(Exception):
    """The checker could not do its work. The version stays pending; that is never a pass."""


@dataclass(frozen=True)
class Finding:
    """``score`` is 0 (nothing) to 100 (certain). Evidence: {"where", "quote", "why"}; ``why`` is a code."""

    score: int = 0
    evidence: list[dict[str, Any]] = field(default_factory=list)


class Checker(Protocol):
    """``version`` rises when the same input may give another answer, so that old rows stay explained."""

    name: str
    version: int
    label: Any

    def run(self, version: Version) -> Finding:
        """Raise CheckerError when the answer cannot be had."""


def texts_of(version: Version) -> Iterator[tuple[str, str]]:
    """Yield every text that people or the model read, with where it stands."""
    yield "name", version.name
    yield "description", version.description
    yield "instructions", version.instructions
    for starter in version.starters:
        yield "starters", starter


def quote(text: str, start: int, end: int) -> str:
    """Return the passage with a little around it, on one line, short enough for a list."""
    before = max(0, start - 30)
    cut = " ".join(text[before : end + 30].split())
    return cut if len(cut) <= QUOTE_LENGTH else cut[: QUOTE_LENGTH - 1] + "…"


def worst(evidence: list[dict[str, Any]], scores: dict[str, int]) -> Finding:
    """Return the finding whose score is that of the worst piece of evidence."""
    return Finding(score=max((scores[item["why"]] for item in evidence), default=0), evidence=evidence[:20])
