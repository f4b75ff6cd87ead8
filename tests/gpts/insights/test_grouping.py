"""The rule of five, over any use: nothing published, and no difference of two figures, is of fewer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from gpts.insights.durations import compute_quantile, count_steps, join_steps
from gpts.insights.grouping import (
    GROUP_SIZE,
    Group,
    Span,
    SpanActivity,
    close_spans,
    round_down_people,
    suppress_cohort_cell,
    suppress_small_parts,
)
from gpts.insights.terms import drop_word_fragments, extract_terms

START = date(2026, 3, 2)
people = st.sets(st.integers(1, 14), max_size=12)


def days_of(groups: Sequence[dict[str, set[int]]]) -> list[SpanActivity]:
    moments = [START + timedelta(days=number) for number in range(len(groups) + 1)]
    return [SpanActivity(Span(*pair), group) for pair, group in zip(pairwise(moments), groups, strict=True)]


@given(st.lists(st.fixed_dictionaries({"good": people, "bad": people}), max_size=30), st.integers(1, 9))
def test_no_union_or_difference_of_closed_periods_is_of_fewer_than_five(
    groups: list[dict[str, set[int]]], patience: int
) -> None:
    days = days_of(groups)
    spans = close_spans(days, until=START + timedelta(days=len(days)), patience=patience)

    def inside(span: Span, name: str) -> set[int]:
        return set().union(*(day.classes[name] for day in days if span.start <= day.span.start < span.end))

    for name in ("good", "bad"):
        assert all(not (found := inside(span, name)) or len(found) >= GROUP_SIZE for span in spans)
    assert all(len(inside(span, "good") | inside(span, "bad")) >= GROUP_SIZE for span in spans)
    # They do not overlap and leave no gap, so a difference of two ranges is a union of whole periods.
    assert all(before.end <= after.start for before, after in pairwise(spans))
    # Closed for good: a period that is written stands where it is, whatever comes later.
    before = close_spans(days[:-1], until=START + timedelta(days=max(0, len(days) - 1)), patience=patience)
    assert spans[: len(before)] == before


def test_a_period_waits_for_its_parts_as_long_as_it_has_patience() -> None:
    crowd, few = set(range(6)), {8, 9}
    together = [
        SpanActivity(day.span, {"people": crowd | few}, {"a": crowd, "b": few}) for day in days_of([{}] * 5)
    ]
    whole = [SpanActivity(day.span, {"people": crowd}, {"a": crowd}) for day in together]

    def lengths(days: Sequence[SpanActivity], after: int, patience: int = 3) -> list[int]:
        spans = close_spans(days, until=START + timedelta(days=after), patience=patience)
        return [(span.end - span.start).days for span in spans]

    assert lengths(together, 5) == [3]
    assert lengths(together, 6) == [3, 2]
    assert lengths(together, 5, patience=0) == [1] * 5
    assert lengths(together[:1], 2) == []
    assert lengths(together[:1], 3) == [1]
    assert lengths(whole, 5) == [1] * 5
    # Where few are hidden in any case, nobody waits.
    many = set(range(10, 99))
    crowded = [
        SpanActivity(day.span, {"people": many}, {"a": many, "b": set(range(10, 15)), "c": few})
        for day in together
    ]
    assert lengths(crowded, 5) == [1] * 5


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.integers(1, 30), min_size=1, max_size=9)))
def test_the_total_less_any_shown_parts_is_of_five_or_nothing(parts: dict[str, set[int]]) -> None:
    shown, rest = suppress_small_parts(
        {key: Group(set(who), {"turns": len(who)}) for key, who in parts.items()}
    )
    assert all(len(part.people) >= GROUP_SIZE for part in shown.values())
    if not shown:
        return  # then nothing but the total is known
    for size in range(len(shown) + 1):
        for some in combinations(sorted(shown), size):
            left = [who for key, who in parts.items() if key not in some]
            hidden = set().union(*left)
            assert not hidden or len(hidden) >= GROUP_SIZE
    assert rest is None or len(rest.people) >= GROUP_SIZE
    total = sum(len(who) for who in parts.values())
    assert sum(part.sums["turns"] for part in shown.values()) + (rest.sums["turns"] if rest else 0) == total


@given(st.integers(0, 40), st.integers(0, 40))
def test_cells_of_a_cohort_tell_neither_of_few_who_came_nor_of_few_who_did_not(
    size: int, active: int
) -> None:
    active = min(size, active)
    shown = suppress_cohort_cell(size, active)
    if shown is None:
        return
    assert shown == active and size >= GROUP_SIZE
    assert all(group == 0 or group >= GROUP_SIZE for group in (active, size - active))


def test_a_small_part_takes_the_smallest_other_one_along() -> None:
    parts = {"v1": Group(set(range(9))), "v2": Group(set(range(5))), "v3": Group({1})}
    shown, rest = suppress_small_parts(parts)
    assert list(shown) == ["v1"]
    assert rest is not None and rest.people == set(range(5))
    assert suppress_small_parts({"v1": Group({1, 2, 3}), "v2": Group({1})}) == ({}, None)


def test_reach_is_in_fives() -> None:
    assert [round_down_people(people) for people in (4, 5, 9, 10, 37)] == [0, 5, 5, 10, 35]


@given(st.lists(st.floats(0.02, 900), min_size=1, max_size=60), st.sampled_from([0.5, 0.95]))
def test_a_quantile_of_joined_counts_is_right_to_a_step(seconds: list[float], share: float) -> None:
    half = len(seconds) // 2
    joined = join_steps([count_steps(seconds[:half]), count_steps(seconds[half:])])
    found = compute_quantile(joined, share)
    ordered = sorted(seconds)
    exact = next(value for number, value in enumerate(ordered, 1) if number >= share * len(ordered))
    assert found is not None and exact / 1.16 <= found <= exact * 1.16


def test_words_are_single_and_name_no_address() -> None:
    text = "How do I reset my VPN token? Mail ann@acme.test or call 555-1234, see https://x.test/a"
    assert extract_terms(text) == {"reset", "vpn", "token", "mail", "call", "see"}
    assert extract_terms("报销流程") == {"报销", "销流", "流程", "报销流程"}
    assert extract_terms("请问公司的报销流程是什么？") == {"公司", "报销", "销流", "流程", "报销流程"}


def test_pieces_of_a_chinese_word_go_unless_more_people_used_them() -> None:
    five, six = {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6}
    people = {"报销": six, "销流": five, "流程": five, "报销流程": five, "travel": five}
    assert drop_word_fragments(people) == {"报销": six, "报销流程": five, "travel": five}
