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
class Group:
    """Some people and the sums of what they did. People are of this module's memory only."""

    people: set[int] = field(default_factory=set)
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, person: int, **amounts: int) -> None:
        self.people.add(person)
        for name, amount in amounts.items():
            self.sums[name] = self.sums.get(name, 0) + amount

    def join(self, other: Group) -> None:
        self.people |= other.people
        for name, amount in other.sums.items():
            self.sums[name] = self.sums.get(name, 0) + amount


@dataclass(frozen=True)
class Span:
    """Days, ``end`` excluded."""

    start: date
    end: date


@dataclass(frozen=True)
class SpanActivity:
    """Who did what on a day, or in a span: ``classes`` must not be small, ``parts`` had better not be."""

    span: Span
    classes: Mapping[str, set[int]]
    parts: Mapping[str, set[int]] = field(default_factory=dict)


def is_large_enough(people: int) -> bool:
    return people >= GROUP_SIZE


def close_spans(days: Sequence[SpanActivity], *, until: date, patience: int = 0) -> list[Span]:
    """Join days (or spans) in order, until they may be shown.

    A span may close when together at least five people are in it, and each class has none or at least five.
    Up to ``patience`` days, of which those before ``until`` are over, it waits for parts to have five as
    well, when too many would be hidden. What stays open at the end is not returned: it waits for more.
    """
    closed: list[Span] = []
    open_days = _OpenPeriod()
    for day in days:
        if open_days.may_close and open_days.age(day.span.start) >= patience:
            closed.append(open_days.span)
            open_days = _OpenPeriod()
        open_days.add(day)
        if open_days.may_close and not _hides_many(open_days.parts):
            closed.append(open_days.span)
            open_days = _OpenPeriod()
    if open_days.may_close and open_days.age(until) >= patience:
        closed.append(open_days.span)
    return closed


@dataclass
class _OpenPeriod:
    """Days that are joined and not closed yet."""

    classes: dict[str, set[int]] = field(default_factory=dict)
    parts: dict[str, set[int]] = field(default_factory=dict)
    days: list[Span] = field(default_factory=list)

    def add(self, day: SpanActivity) -> None:
        self.days.append(day.span)
        _merge_people(self.classes, day.classes)
        _merge_people(self.parts, day.parts)

    def age(self, today: date) -> int:
        return (today - self.days[0].start).days

    @property
    def span(self) -> Span:
        return Span(self.days[0].start, self.days[-1].end)

    @property
    def may_close(self) -> bool:
        everybody: set[int] = set().union(*self.classes.values())
        return is_large_enough(len(everybody)) and not _has_small_group(self.classes)


def _merge_people(groups: dict[str, set[int]], more: Mapping[str, set[int]]) -> None:
    for name, members in more.items():
        groups[name] = groups.get(name, set()) | members


def _hides_many(parts: Mapping[str, set[int]]) -> bool:
    """Whether more than a fifth of the people would be among those whose part is not shown."""
    everybody: set[int] = set().union(*parts.values())
    shown, _rest = suppress_small_parts({name: Group(set(members)) for name, members in parts.items()})
    hidden: set[int] = set().union(*(members for name, members in parts.items() if name not in shown))
    return len(hidden) * 5 > len(everybody)


def _has_small_group(groups: Mapping[str, set[int]]) -> bool:
    return any(members and not is_large_enough(len(members)) for members in groups.values())


def suppress_small_parts(parts: Mapping[Key, Group]) -> tuple[dict[Key, Group], Group | None]:
    """Return the parts that may be shown and the rest, each of at least five people.

    The rest is None when nothing is hidden. When even all that is hidden is too small, nothing is shown.
    """
    shown = {key: part for key, part in parts.items() if is_large_enough(len(part.people))}
    rest = Group()
    for key, part in parts.items():
        if key not in shown:
            rest.join(part)
    if not rest.people:
        return shown, None
    # The total is known, so a small rest could be worked out: hide more until it is a group itself.
    for key in sorted(shown, key=lambda key: (len(shown[key].people), str(key))):
        if is_large_enough(len(rest.people)):
            break
        rest.join(shown.pop(key))
    return shown, rest if is_large_enough(len(rest.people)) else None


def suppress_cohort_cell(size: int, active: int) -> int | None:
    """Return ``active`` of a cohort when both those who came and those who did not are none or enough."""
    groups = (active, size - active)
    return (
        active
        if is_large_enough(size) and all(not group or is_large_enough(group) for group in groups)
        else None
    )


def round_down_people(people: int) -> int:
    """Round to fives, so that two readings do not tell of one person who came between them."""
    return people - people % GROUP_SIZE
