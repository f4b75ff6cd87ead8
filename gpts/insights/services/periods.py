"""The periods of the five series: facts joined by the rule of five, then written for good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from gpts.assistants.models import GPT
from gpts.insights.durations import count_steps
from gpts.insights.grouping import Day, Portion, Span, close_spans, is_enough, rounded_down, split
from gpts.insights.models import InsightBucket, InsightPart
from gpts.insights.services.facts import Duration, Fact, Facts, Use
from gpts.insights.states import InsightSeries
from gpts.insights.terms import terms_of, without_pieces

# Days that a period waits for its smaller parts, though it could be shown: versions and models, reasons.
USE_PATIENCE = 3
REASON_PATIENCE = 14
TERM_COUNT = 20
WORD_DAYS = 28
# What has waited longer for five people is let go, so that no run reads further back.
WAITING_DAYS = 180
# Days on which every answer failed have no use; they go with the next period of use, within this.
OUTAGE_DAYS = 3
_DAY = timedelta(days=1)

Row = TypeVar("Row", Use, Duration, Fact)


def fill_use(facts: Facts, *, until: date) -> None:
    """Close days of use, with their shares by version and model, and how long answers took."""
    start = _next_start(facts.gpt, InsightSeries.USE, until)
    rows = facts.use(Span(start, until))
    people: dict[date, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        people[row.day][_part_of(row)].add(row.person)
    days = [
        Day(Span(day, day + _DAY), {"people": set().union(*parts.values())}, parts)
        for day, parts in sorted(people.items())
    ]
    spans = close_spans(days, until=until, patience=USE_PATIENCE)
    if not spans:
        return
    durations = _by_span(spans, facts.durations(Span(spans[0].start, spans[-1].end)))
    for span, inside in _by_span(spans, rows).items():
        whole = Portion()
        parts: dict[str, Portion] = defaultdict(Portion)
        for row in inside:
            sums = {
                "turns": row.turns,
                "input_tokens": row.input_tokens,
                "output_tokens": row.output_tokens,
                "cost_micros": row.cost_micros,
            }
            whole.add(row.person, **sums)
            parts[_part_of(row)].add(row.person, **sums)
        figures = whole.sums | {"conversations": len({row.conversation for row in inside})}
        took = durations[span]
        bucket = _write(
            facts.gpt,
            InsightSeries.USE,
            span,
            whole,
            figures,
            first_token=_steps((row.person, row.first) for row in took if row.first is not None),
            total=_steps((row.person, row.total) for row in took),
        )
        _write_parts(bucket, "use", parts)


def _part_of(row: Use) -> str:
    return f"{row.version}|{row.model}"


def _steps(durations: Iterable[tuple[int, float]]) -> list[int]:
    """Counts by step; none at all when they are of fewer than five people."""
    taken = list(durations)
    return count_steps(seconds for _p, seconds in taken) if is_enough(len({p for p, _s in taken})) else []


def fill_outcomes(facts: Facts, *, until: date) -> None:
    spans = _with_outages(facts.gpt, _open_use_spans(facts.gpt, InsightSeries.OUTCOME, until))
    rows = facts.outcomes(Span(spans[0].start, spans[-1].end)) if spans else []
    for span, inside in _closed(spans, rows, until):
        whole, classes, reasons = _gathered(inside)
        bucket = _write(facts.gpt, InsightSeries.OUTCOME, span, whole, _counts(classes, "ended", "failed"))
        _write_parts(bucket, "code", reasons["failed"])


def fill_answered(facts: Facts, *, until: date) -> None:
    spans = _open_use_spans(facts.gpt, InsightSeries.ANSWERED, until)
    rows = facts.lookups(Span(spans[0].start, spans[-1].end)) if spans else []
    for span, inside in _closed(spans, rows, until):
        whole, classes, _reasons = _gathered(inside)
        _write(facts.gpt, InsightSeries.ANSWERED, span, whole, _counts(classes, "found", "low"))


def fill_thumbs(facts: Facts, *, until: date) -> None:
    rows = facts.thumbs(Span(_next_start(facts.gpt, InsightSeries.THUMBS, until), until))
    days = [Span(day, day + _DAY) for day in sorted({row.day for row in rows})]
    for span, inside in _closed(days, rows, until):
        whole, classes, reasons = _gathered(inside)
        figures = _counts(classes, "positive", "negative")
        bucket = _write(facts.gpt, InsightSeries.THUMBS, span, whole, figures)
        _write_parts(bucket, "reason", {key or "none": part for key, part in reasons["negative"].items()})


def fill_words(facts: Facts, *, until: date) -> None:
    """Keep the words of questions without a passage, of four weeks and more: until five people share one.

    Single words only, each used by at least five people; never a sentence.
    """
    start = _next_start(facts.gpt, InsightSeries.WORDS, until)
    answered = InsightBucket.objects.filter(
        gpt=facts.gpt, series=InsightSeries.ANSWERED, start_date__gte=start
    ).order_by("start_date")
    first: date | None = None
    wanted = WORD_DAYS
    for begin, end in answered.values_list("start_date", "end_date"):
        first = first or begin
        if (end - first).days < wanted:
            continue
        words = _common_words(facts, Span(first, end))
        if words:
            _write_words(facts, Span(first, end), words)
            first, wanted = None, WORD_DAYS
        else:
            wanted = (end - first).days + WORD_DAYS


def _common_words(facts: Facts, span: Span) -> dict[str, set[int]]:
    people: dict[str, set[int]] = defaultdict(set)
    for person, text in facts.unanswered_texts(span):
        for term in terms_of(text):
            people[term].add(person)
    return without_pieces({term: who for term, who in people.items() if is_enough(len(who))})


def _write_words(facts: Facts, span: Span, words: Mapping[str, set[int]]) -> None:
    whole = Portion(set().union(*words.values()))
    bucket = _write(facts.gpt, InsightSeries.WORDS, span, whole, {})
    ordered = sorted(words.items(), key=lambda pair: (-rounded_down(len(pair[1])), pair[0]))
    InsightPart.objects.bulk_create(
        InsightPart(gpt=facts.gpt, bucket=bucket, kind="term", key=term, people=rounded_down(len(who)))
        for term, who in ordered[:TERM_COUNT]
    )


# Which days a series has ------------------------------------------------------------------------------------


def _next_start(gpt: GPT, series: str, until: date) -> date:
    last = (
        InsightBucket.objects.filter(gpt=gpt, series=series)
        .order_by("-end_date")
        .values_list("end_date", flat=True)
        .first()
    )
    # The first time, all that there is.
    return max(last, until - timedelta(days=WAITING_DAYS)) if last else date(2000, 1, 1)


def _open_use_spans(gpt: GPT, series: str, until: date) -> list[Span]:
    """The periods of use that the quality series has not covered yet, in order."""
    use = InsightBucket.objects.filter(
        gpt=gpt, series=InsightSeries.USE, start_date__gte=_next_start(gpt, series, until)
    ).order_by("start_date")
    return [Span(start, end) for start, end in use.values_list("start_date", "end_date")]


def _with_outages(gpt: GPT, spans: Sequence[Span]) -> list[Span]:
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


def _by_span(spans: Sequence[Span], rows: Iterable[Row]) -> dict[Span, list[Row]]:
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


def _closed(spans: Sequence[Span], rows: Sequence[Fact], until: date) -> Iterator[tuple[Span, list[Fact]]]:
    """The spans that may be closed, joined from the given ones, with their facts."""
    days = []
    for span, inside in _by_span(spans, rows).items():
        classes: dict[str, set[int]] = defaultdict(set)
        parts: dict[str, set[int]] = defaultdict(set)
        for row in inside:
            classes[row.name].add(row.person)
            if row.key:
                parts[row.key].add(row.person)
        days.append(Day(span, classes, parts))
    closed = close_spans(days, until=until, patience=REASON_PATIENCE)
    yield from _by_span(closed, rows).items()


def _gathered(
    rows: Iterable[Fact],
) -> tuple[Portion, dict[str, Portion], dict[str, dict[str, Portion]]]:
    """All facts together, by class, and by class and key."""
    whole: Portion = Portion()
    classes: dict[str, Portion] = defaultdict(Portion)
    keys: dict[str, dict[str, Portion]] = defaultdict(lambda: defaultdict(Portion))
    for row in rows:
        for portion in (whole, classes[row.name], keys[row.name][row.key]):
            portion.add(row.person, count=row.times)
    return whole, classes, keys


def _counts(classes: Mapping[str, Portion], *names: str) -> dict[str, int]:
    return {name: classes[name].sums.get("count", 0) if name in classes else 0 for name in names}


# Rows -------------------------------------------------------------------------------------------------------


def _write(
    gpt: GPT, series: str, span: Span, whole: Portion, figures: Mapping[str, int], **durations: list[int]
) -> InsightBucket:
    return InsightBucket.objects.create(
        gpt=gpt,
        series=series,
        start_date=span.start,
        end_date=span.end,
        people=rounded_down(len(whole.people)),
        figures=dict(figures),
        **durations,
    )


def _write_parts(bucket: InsightBucket, kind: str, parts: Mapping[str, Portion]) -> None:
    """Write the parts that may be shown, and what is left as the part without a key."""
    shown, rest = split(parts)
    if rest is not None:
        shown[""] = rest
    InsightPart.objects.bulk_create(
        InsightPart(
            gpt=bucket.gpt,
            bucket=bucket,
            kind=kind,
            key=key,
            people=rounded_down(len(part.people)),
            figures=part.sums,
        )
        for key, part in shown.items()
    )
