"""The dataclass of a demo GPT."""

from __future__ import annotations

from dataclasses import dataclass, field

# The GPT with a detailed history (demo.detailed_history).
FLAGSHIP = "travel-desk"


@dataclass(frozen=True)
class DemoGPT:
    """One GPT of the demo store. ``popularity`` (1-10) scales its usage; ``builder`` is a key of people."""

    key: str
    builder: str
    name: str
    category: str
    description: str
    instructions: str
    starters: tuple[str, ...]
    popularity: int
    languages: tuple[str, ...] = ("en",)
    ratings: tuple[tuple[int, str], ...] = ()
    knowledge: tuple[tuple[str, str], ...] = field(default=())
