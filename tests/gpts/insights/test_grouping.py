"""k-anonymity with k = 5 for any use: no figure, and no difference of two figures, counts fewer people."""

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


def build_days(groups: Sequence[dict[str, set[int]]]) -> list[SpanActivity]:
    dates = [START + timedelta(days=number) for number in range(len(groups) + 1)]
    return [SpanActivity(Span(*pair), group) for pair, group in zip(pairwise(dates), groups, strict=True)]


@given(st.lists(st.fixed_dictionaries({"good": people, "bad": people}), max_size=30), st.integers(1, 9))
def test_no_union_or_difference_of_closed_periods_is_of_fewer_than_five(
    groups: list[dict[str, set[int]]], wait: int
) -> None:
    days = build_days(groups)
    spans = close_spans(days, until=START + timedelta(days=len(days)), max_wait_days=wait)

    def inside(span: Span, name: str) -> set[int]:
        return set().union(*(day.classes[name] for day in days if span.start <= day.span.start < span.end))

    for name in ("good", "bad"):
        assert all(not (found := inside(span, name)) or len(found) >= GROUP_SIZE for span in spans)
    assert all(len(inside(span, "good") | inside(span, "bad")) >= GROUP_SIZE for span in spans)
    # They do not overlap, so a difference of two ranges is a union of whole periods.
    assert all(before.end <= after.start for before, after in pairwise(spans))
    # Later days never change a period that is closed.
    before = close_spans(days[:-1], until=START + timedelta(days=max(0, len(days) - 1)), max_wait_days=wait)
    assert spans[: len(before)] == before


def test_a_period_stays_open_for_small_parts_up_to_its_waiting_days() -> None:
    crowd, few = set(range(6)), {8, 9}
    together = [
        SpanActivity(day.span, {"people": crowd | few}, {"a": crowd, "b": few})
        for day in build_days([{}] * 5)
    ]
    whole = [SpanActivity(day.span, {"people": crowd}, {"a": crowd}) for day in together]

    def lengths(days: Sequence[SpanActivity], after: int, wait: int = 3) -> list[int]:
        spans = close_spans(days, until=START + timedelta(days=after), max_wait_days=wait)
        return [(span.end - span.start).days for span in spans]

    assert lengths(together, 5) == [3]
    assert lengths(together, 6) == [3, 2]
    assert lengths(together, 5, wait=0) == [1] * 5
    assert lengths(together[:1], 2) == []
    assert lengths(together[:1], 3) == [1]
    assert lengths(whole, 5) == [1] * 5
    # A period does not wait when at most a fifth of its people would be hidden.
    many = set(range(10, 99))
    crowded = [
        SpanActivity(day.span, {"people": many}, {"a": many, "b": set(range(10, 15)), "c": few})
        for day in together
    ]
    assert lengths(crowded, 5) == [1] * 5


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.integers(1, 30), min_size=1, max_size=9)))
def test_the_total_minus_any_shown_parts_counts_nobody_or_at_least_five_people(
    parts: dict[str, set[int]],
) -> None:
    shown, rest = suppress_small_parts(
        {key: Group(set(who), {"turns": len(who)}) for key, who in parts.items()}
    )
    assert all(len(part.people) >= GROUP_SIZE for part in shown.values())
    if not shown:
        return  # only the total is published
    for size in range(len(shown) + 1):
        for some in combinations(sorted(shown), size):
            left = [who for key, who in parts.items() if key not in some]
            hidden = set().union(*left)
            assert not hidden or len(hidden) >= GROUP_SIZE
    assert rest is None or len(rest.people) >= GROUP_SIZE
    total = sum(len(who) for who in parts.values())
    assert sum(part.sums["turns"] for part in shown.values()) + (rest.sums["turns"] if rest else 0) == total


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_cohort_cell_is_suppressed_when_few_came_back_or_few_did_not(size: int, active: int) -> None:
    active = min(size, active)
    shown = suppress_cohort_cell(size, active)
    if shown is None:
        return
    assert shown == active and size >= GROUP_SIZE
    assert all(group == 0 or group >= GROUP_SIZE for group in (active, size - active))


def test_a_small_part_is_hidden_together_with_the_smallest_other_part() -> None:
    parts = {"v1": Group(set(range(9))), "v2": Group(set(range(5))), "v3": Group({1})}
    shown, rest = suppress_small_parts(parts)
    assert list(shown) == ["v1"]
    assert rest is not None and rest.people == set(range(5))
    assert suppress_small_parts({"v1": Group({1, 2, 3}), "v2": Group({1})}) == ({}, None)


def test_people_are_rounded_down_to_fives() -> None:
    assert [round_down_people(people) for people in (4, 5, 9, 10, 37)] == [0, 5, 5, 10, 35]


@given(st.lists(st.floats(0.02, 900), min_size=1, max_size=60), st.sampled_from([0.5, 0.95]))
def test_a_quantile_of_joined_histograms_is_exact_to_one_step(seconds: list[float], share: float) -> None:
    half = len(seconds) // 2
    joined = join_steps([count_steps(seconds[:half]), count_steps(seconds[half:])])
    found = compute_quantile(joined, share)
    ordered = sorted(seconds)
    exact = next(value for number, value in enumerate(ordered, 1) if number >= share * len(ordered))
    assert found is not None and exact / 1.16 <= found <= exact * 1.16


def test_terms_are_single_words_without_numbers_and_addresses() -> None:
    text = "How do I reset my VPN token? Mail ann@acme.test or call 555-1234, see https://x.test/a"
    assert extract_terms(text) == {"reset", "vpn", "token", "mail", "call", "see"}
    assert extract_terms("报销流程") == {"报销", "销流", "流程", "报销流程"}
    assert extract_terms("请问公司的报销流程是什么？") == {"公司", "报销", "销流", "流程", "报销流程"}


def test_fragments_of_a_chinese_word_are_dropped_unless_more_people_used_them() -> None:
    five, six = {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6}
    people = {"报销": six, "销流": five, "流程": five, "报销流程": five, "travel": five}
    assert drop_word_fragments(people) == {"报销": six, "报销流程": five, "travel": five}
