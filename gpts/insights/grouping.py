"""k-anonymity with k = 5: no published figure, and no difference of two figures, counts fewer people. Pure.

Days are joined in order until a span has enough people, and then never change; parts that are too small are
joined to a rest, and the smallest other parts too while the rest itself is too small (secondary
suppression). So everything published is a union of disjoint groups of at least five people each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from core.min_group import MIN_GROUP

GROUP_SIZE = MIN_GROUP

Key = TypeVar("Key")


@dataclass
class Group:
    """Some people and the sums of what they did. The people are never stored."""

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
    """Whole days, ``end`` excluded."""

    start: date
    end: date


@dataclass(frozen=True)
class SpanActivity:
    """The people of a day or a longer span, by class and by part.

    Each class must be empty or large enough; small parts are joined to a rest, so they are only undesirable.
    """

    span: Span
    classes: Mapping[str, set[int]]
    parts: Mapping[str, set[int]] = field(default_factory=dict)


def is_large_enough(people: int) -> bool:
    return people >= GROUP_SIZE


def close_spans(days: Sequence[SpanActivity], *, until: date, max_wait_days: int = 0) -> list[Span]:
    """Join days (or spans) in order into spans that may be published, and return those.

    A span may be closed when it has at least five people, and none or at least five in each class. While
    more than a fifth of its people would be in the rest, it stays open for up to ``max_wait_days``, counted
    to ``until`` (the first day that is not over). Days of a span that is still open are not returned.
    """
    closed: list[Span] = []
    open_days = _OpenPeriod()
    for day in days:
        if open_days.may_close and open_days.age(day.span.start) >= max_wait_days:
            closed.append(open_days.span)
            open_days = _OpenPeriod()
        open_days.add(day)
        if open_days.may_close and not _hides_many(open_days.parts):
            closed.append(open_days.span)
            open_days = _OpenPeriod()
    if open_days.may_close and open_days.age(until) >= max_wait_days:
        closed.append(open_days.span)
    return closed


@dataclass
class _OpenPeriod:
    """Joined days of a span that is not closed yet."""

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
    """Return whether more than a fifth of the people would be in parts that are not shown."""
    everybody: set[int] = set().union(*parts.values())
    shown, _rest = suppress_small_parts({name: Group(set(members)) for name, members in parts.items()})
    hidden: set[int] = set().union(*(members for name, members in parts.items() if name not in shown))
    return len(hidden) * 5 > len(everybody)


def _has_small_group(groups: Mapping[str, set[int]]) -> bool:
    return any(members and not is_large_enough(len(members)) for members in groups.values())


def suppress_small_parts(parts: Mapping[Key, Group]) -> tuple[dict[Key, Group], Group | None]:
    """Return the parts that may be shown, and all others joined as the rest, each of at least five people.

    The rest is None when nothing is hidden, or when all parts together are too small; then none is shown.
    """
    shown = {key: part for key, part in parts.items() if is_large_enough(len(part.people))}
    rest = Group()
    for key, part in parts.items():
        if key not in shown:
            rest.join(part)
    if not rest.people:
        return shown, None
    # The total is published, so a small rest could be computed from it: hide more until it is large enough.
    for key in sorted(shown, key=lambda key: (len(shown[key].people), str(key))):
        if is_large_enough(len(rest.people)):
            break
        rest.join(shown.pop(key))
    return shown, rest if is_large_enough(len(rest.people)) else None


def suppress_cohort_cell(size: int, active: int) -> int | None:
    """Return ``active``, or None when those who came back, or those who did not, are one to four people."""
    groups = (active, size - active)
    return (
        active
        if is_large_enough(size) and all(not group or is_large_enough(group) for group in groups)
        else None
    )


def round_down_people(people: int) -> int:
    """Round down to a multiple of five, so that two readings do not reveal one person who came in between."""
    return people - people % GROUP_SIZE
