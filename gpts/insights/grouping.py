"""The rule of five: how days and parts are joined until no figure or difference is of fewer people.

Days are joined in order until enough people are in, and then closed for good; a part that is too small
joins the rest, and so does the smallest other part while the rest itself is too small. Whatever is
published is therefore a union of disjoint portions of at least five people each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

GROUP_SIZE = 5

Key = TypeVar("Key")


@dataclass
class Portion:
    """Some people and the sums of what they did. People are of this module's memory only."""

    people: set[int] = field(default_factory=set)
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, person: int, **amounts: int) -> None:
        self.people.add(person)
        for name, amount in amounts.items():
            self.sums[name] = self.sums.get(name, 0) + amount

    def join(self, other: Portion) -> None:
        self.people |= other.people
        for name, amount in other.sums.items():
            self.sums[name] = self.sums.get(name, 0) + amount


@dataclass(frozen=True)
class Span:
    """Days, ``end`` excluded."""

    start: date
    end: date


def is_enough(people: int) -> bool:
    return people >= GROUP_SIZE


def close_spans(days: Sequence[tuple[Span, Mapping[str, set[int]]]]) -> list[Span]:
    """Join days (or spans) in order; ``days`` gives the people of each class on each.

    A span closes when together at least five people are in it, and each class has none or at least five.
    What stays open at the end is not returned: it waits for more.
    """
    closed: list[Span] = []
    classes: dict[str, set[int]] = {}
    start: date | None = None
    for span, people in days:
        start = start or span.start
        for name, members in people.items():
            classes[name] = classes.get(name, set()) | members
        everybody: set[int] = set().union(*classes.values())
        small = [members for members in classes.values() if members and not is_enough(len(members))]
        if is_enough(len(everybody)) and not small:
            closed.append(Span(start, span.end))
            classes, start = {}, None
    return closed


def split(parts: Mapping[Key, Portion]) -> tuple[dict[Key, Portion], Portion | None]:
    """Return the parts that may be shown and the rest, each of at least five people.

    The rest is None when nothing is hidden. When even all that is hidden is too small, nothing is shown.
    """
    shown = {key: part for key, part in parts.items() if is_enough(len(part.people))}
    rest = Portion()
    for key, part in parts.items():
        if key not in shown:
            rest.join(part)
    if not rest.people:
        return shown, None
    # The total is known, so a small rest could be worked out: hide more until it is a group itself.
    for key in sorted(shown, key=lambda key: (len(shown[key].people), str(key))):
        if is_enough(len(rest.people)):
            break
        rest.join(shown.pop(key))
    return shown, rest if is_enough(len(rest.people)) else None


def cohort_cell(size: int, active: int) -> int | None:
    """Return ``active`` of a cohort when both those who came and those who did not are none or enough."""
    groups = (active, size - active)
    return active if is_enough(size) and all(not group or is_enough(group) for group in groups) else None


def rounded_down(people: int) -> int:
    """Round to fives, so that two readings do not tell of one person who came between them."""
    return people - people % GROUP_SIZE
