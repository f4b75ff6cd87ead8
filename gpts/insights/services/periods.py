"""The periods of the five series: facts joined by the rule of five, then written for good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from gpts.assistants.models import GPT
from gpts.insights.durations import count_steps
from gpts.insights.grouping import (
    Group,
    Span,
    SpanActivity,
    close_spans,
    is_large_enough,
    round_down_people,
    suppress_small_parts,
)
from gpts.insights.models import InsightBucket, InsightPart
from gpts.insights.services.facts import DurationRow, FactReader, OutcomeRow, UseRow
from gpts.insights.states import InsightSeries
from gpts.insights.terms import drop_word_fragments, extract_terms

# Days that a period waits for its smaller parts, though it could be shown: versions and models, reasons.
USE_WAIT_DAYS = 3
REASON_WAIT_DAYS = 14
MAX_TERMS = 20
WORD_DAYS = 28
# What has waited longer for five people is let go, so that no run reads further back.
MAX_WAIT_DAYS = 180
# Days on which every answer failed have no use; they go with the next period of use, within this.
OUTAGE_DAYS = 3
_DAY = timedelta(days=1)

Row = TypeVar("Row", UseRow, DurationRow, OutcomeRow)


def fill_use(facts: FactReader, *, until: date) -> None:
    """Close days of use, with their shares by version and model, and how long answers took."""
    start = _get_next_start(facts.gpt, InsightSeries.USE, until)
    rows = facts.use(Span(start, until))
    people: dict[date, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        people[row.day][_get_part_key(row)].add(row.person)
    days = [
        SpanActivity(Span(day, day + _DAY), {"people": set().union(*parts.values())}, parts)
        for day, parts in sorted(people.items())
    ]
    spans = close_spans(days, until=until, patience=USE_WAIT_DAYS)
    if not spans:
        return
    durations = _group_by_span(spans, facts.durations(Span(spans[0].start, spans[-1].end)))
    for span, inside in _group_by_span(spans, rows).items():
        whole = Group()
        parts: dict[str, Group] = defaultdict(Group)
        for row in inside:
            sums = {
                "turns": row.turns,
                "input_tokens": row.input_tokens,
                "output_tokens": row.output_tokens,
                "cost_micros": row.cost_micros,
            }
            whole.add(row.person, **sums)
            parts[_get_part_key(row)].add(row.person, **sums)
        figures = whole.sums | {"conversations": len({row.conversation for row in inside})}
        took = durations[span]
        bucket = _create_bucket(
            facts.gpt,
            InsightSeries.USE,
            span,
            whole,
            figures,
            first_token=_count_steps_of_enough(
                (row.person, row.first) for row in took if row.first is not None
            ),
            total=_count_steps_of_enough((row.person, row.total) for row in took),
        )
        _create_parts(bucket, "use", parts)


def _get_part_key(row: UseRow) -> str:
    return f"{row.version}|{row.model}"


def _count_steps_of_enough(durations: Iterable[tuple[int, float]]) -> list[int]:
    """Counts by step; none at all when they are of fewer than five people."""
    taken = list(durations)
    return (
        count_steps(seconds for _p, seconds in taken) if is_large_enough(len({p for p, _s in taken})) else []
    )


def fill_outcomes(facts: FactReader, *, until: date) -> None:
    spans = _widen_over_outages(facts.gpt, _list_uncovered_use_spans(facts.gpt, InsightSeries.OUTCOME, until))
    rows = facts.outcomes(Span(spans[0].start, spans[-1].end)) if spans else []
    for span, inside in _close_periods(spans, rows, until):
        whole, classes, reasons = _group_rows(inside)
        bucket = _create_bucket(
            facts.gpt, InsightSeries.OUTCOME, span, whole, _get_counts(classes, "ended", "failed")
        )
        _create_parts(bucket, "code", reasons["failed"])


def fill_answered(facts: FactReader, *, until: date) -> None:
    spans = _list_uncovered_use_spans(facts.gpt, InsightSeries.ANSWERED, until)
    rows = facts.lookups(Span(spans[0].start, spans[-1].end)) if spans else []
    for span, inside in _close_periods(spans, rows, until):
        whole, classes, _reasons = _group_rows(inside)
        _create_bucket(facts.gpt, InsightSeries.ANSWERED, span, whole, _get_counts(classes, "found", "low"))


def fill_thumbs(facts: FactReader, *, until: date) -> None:
    rows = facts.thumbs(Span(_get_next_start(facts.gpt, InsightSeries.THUMBS, until), until))
    days = [Span(day, day + _DAY) for day in sorted({row.day for row in rows})]
    for span, inside in _close_periods(days, rows, until):
        whole, classes, reasons = _group_rows(inside)
        figures = _get_counts(classes, "positive", "negative")
        bucket = _create_bucket(facts.gpt, InsightSeries.THUMBS, span, whole, figures)
        _create_parts(bucket, "reason", {key or "none": part for key, part in reasons["negative"].items()})


def fill_words(facts: FactReader, *, until: date) -> None:
    """Keep the words of questions without a passage, of four weeks and more: until five people share one.

    Single words only, each used by at least five people; never a sentence.
    """
    start = _get_next_start(facts.gpt, InsightSeries.WORDS, until)
    answered = InsightBucket.objects.filter(
        gpt=facts.gpt, series=InsightSeries.ANSWERED, start_date__gte=start
    ).order_by("start_date")
    first: date | None = None
    wanted = WORD_DAYS
    for begin, end in answered.values_list("start_date", "end_date"):
        first = first or begin
        if (end - first).days < wanted:
            continue
        words = _find_common_words(facts, Span(first, end))
        if words:
            _create_words(facts, Span(first, end), words)
            first, wanted = None, WORD_DAYS
        else:
            wanted = (end - first).days + WORD_DAYS


def _find_common_words(facts: FactReader, span: Span) -> dict[str, set[int]]:
    people: dict[str, set[int]] = defaultdict(set)
    for person, text in facts.unanswered_texts(span):
        for term in extract_terms(text):
            people[term].add(person)
    return drop_word_fragments({term: who for term, who in people.items() if is_large_enough(len(who))})


def _create_words(facts: FactReader, span: Span, words: Mapping[str, set[int]]) -> None:
    whole = Group(set().union(*words.values()))
    bucket = _create_bucket(facts.gpt, InsightSeries.WORDS, span, whole, {})
    ordered = sorted(words.items(), key=lambda pair: (-round_down_people(len(pair[1])), pair[0]))
    InsightPart.objects.bulk_create(
        InsightPart(gpt=facts.gpt, bucket=bucket, kind="term", key=term, people=round_down_people(len(who)))
        for term, who in ordered[:MAX_TERMS]
    )


# Which days a series has ------------------------------------------------------------------------------------


def _get_next_start(gpt: GPT, series: str, until: date) -> date:
    last = (
        InsightBucket.objects.filter(gpt=gpt, series=series)
        .order_by("-end_date")
        .values_list("end_date", flat=True)
        .first()
    )
    # The first time, all that there is.
    return max(last, until - timedelta(days=MAX_WAIT_DAYS)) if last else date(2000, 1, 1)


def _list_uncovered_use_spans(gpt: GPT, series: str, until: date) -> list[Span]:
    """The periods of use that the quality series has not covered yet, in order."""
    use = InsightBucket.objects.filter(
        gpt=gpt, series=InsightSeries.USE, start_date__gte=_get_next_start(gpt, series, until)
    ).order_by("start_date")
    return [Span(start, end) for start, end in use.values_list("start_date", "end_date")]


def _widen_over_outages(gpt: GPT, spans: Sequence[Span]) -> list[Span]:
    """Let each period begin where the one before ended, so that days without any answer are in one."""
    if not spans:
        return []
    before = (
        InsightBucket.objects.filter(gpt=gpt, series=InsightSeries.USE, end_date__lte=spans[0].start)
        .order_by("-end_date")
        .values_list("end_date", flat=True)
        .first()
    )
    widened = []
    for span in spans:
        earliest = span.start - timedelta(days=OUTAGE_DAYS)
        widened.append(Span(max(before, earliest) if before else span.start, span.end))
        before = span.end
    return widened


def _group_by_span(spans: Sequence[Span], rows: Iterable[Row]) -> dict[Span, list[Row]]:
    """The rows of each span; spans do not overlap. Rows outside of all are left out."""
    of_day = {
        span.start + timedelta(days=number): span
        for span in spans
        for number in range((span.end - span.start).days)
    }
    found: dict[Span, list[Row]] = {span: [] for span in spans}
    for row in rows:
        if row.day in of_day:
            found[of_day[row.day]].append(row)
    return found


def _close_periods(
    spans: Sequence[Span], rows: Sequence[OutcomeRow], until: date
) -> Iterator[tuple[Span, list[OutcomeRow]]]:
    """The spans that may be closed, joined from the given ones, with their facts."""
    days = []
    for span, inside in _group_by_span(spans, rows).items():
        classes: dict[str, set[int]] = defaultdict(set)
        parts: dict[str, set[int]] = defaultdict(set)
        for row in inside:
            classes[row.name].add(row.person)
            if row.key:
                parts[row.key].add(row.person)
        days.append(SpanActivity(span, classes, parts))
    closed = close_spans(days, until=until, patience=REASON_WAIT_DAYS)
    yield from _group_by_span(closed, rows).items()


def _group_rows(
    rows: Iterable[OutcomeRow],
) -> tuple[Group, dict[str, Group], dict[str, dict[str, Group]]]:
    """All facts together, by class, and by class and key."""
    whole: Group = Group()
    classes: dict[str, Group] = defaultdict(Group)
    keys: dict[str, dict[str, Group]] = defaultdict(lambda: defaultdict(Group))
    for row in rows:
        for portion in (whole, classes[row.name], keys[row.name][row.key]):
            portion.add(row.person, count=row.times)
    return whole, classes, keys


def _get_counts(classes: Mapping[str, Group], *names: str) -> dict[str, int]:
    return {name: classes[name].sums.get("count", 0) if name in classes else 0 for name in names}


# Rows -------------------------------------------------------------------------------------------------------


def _create_bucket(
    gpt: GPT, series: str, span: Span, whole: Group, figures: Mapping[str, int], **durations: list[int]
) -> InsightBucket:
    return InsightBucket.objects.create(
        gpt=gpt,
        series=series,
        start_date=span.start,
        end_date=span.end,
        people=round_down_people(len(whole.people)),
        figures=dict(figures),
        **durations,
    )


def _create_parts(bucket: InsightBucket, kind: str, parts: Mapping[str, Group]) -> None:
    """Write the parts that may be shown, and what is left as the part without a key."""
    shown, rest = suppress_small_parts(parts)
    if rest is not None:
        shown[""] = rest
    InsightPart.objects.bulk_create(
        InsightPart(
            gpt=bucket.gpt,
            bucket=bucket,
            kind=kind,
            key=key,
            people=round_down_people(len(part.people)),
            figures=part.sums,
        )
        for key, part in shown.items()
    )
