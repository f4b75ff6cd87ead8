"""Filling the insights: from turns and usage events into figures that name nobody. For the worker's system scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from gpts.insights.durations import count_steps
from gpts.insights.grouping import (
    Portion,
    Span,
    close_spans,
    cohort_cell,
    is_enough,
    rounded_down,
    split,
)
from gpts.insights.terms import terms_of
from gpts.models import (
    GPT,
    InsightBucket,
    InsightCohort,
    InsightPart,
    InsightReach,
    InsightState,
    Message,
    Turn,
    TurnFeedback,
)
from gpts.retrieval import ANSWERABLE_SCORE
from gpts.states import ENDED_TURN_STATES, InsightSeries, MessageRole, TurnState
from workspaces.states import COMPANY_KINDS

# An answer begun before midnight has ended by then.
LAG = timedelta(hours=1)
REACH_DAYS = (7, 30, 90)
COHORT_WEEKS = 26
COHORT_OFFSETS = 12
TERM_COUNT = 20
GPTS_AT_ONCE = 500
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)

_WAITING = """
    SELECT DISTINCT e.gpt_id FROM gpts_usageevent e LEFT JOIN gpts_insightstate s ON s.gpt_id = e.gpt_id
     WHERE e.occurred_at < %(until)s AND e.version_id IS NOT NULL
       AND (s.id IS NULL OR e.occurred_at >= s.read_until::timestamp AT TIME ZONE 'UTC')
     ORDER BY e.gpt_id LIMIT %(limit)s
"""
_USE = """
    SELECT (e.occurred_at AT TIME ZONE 'UTC')::date, e.user_id, e.conversation_id, v.number, e.model_name,
           count(*), sum(e.input_tokens)::bigint, sum(e.output_tokens)::bigint, sum(e.cost_micros)::bigint
      FROM gpts_usageevent e JOIN gpts_version v ON v.id = e.version_id
     WHERE e.gpt_id = %s AND e.user_id <> %s AND e.occurred_at >= %s AND e.occurred_at < %s
     GROUP BY 1, 2, 3, 4, 5
"""
_REACH = """
    SELECT count(DISTINCT user_id) FROM gpts_usageevent
     WHERE gpt_id = %s AND user_id <> %s AND version_id IS NOT NULL AND occurred_at >= %s AND occurred_at < %s
"""
_WEEKS = """
    SELECT DISTINCT user_id, date_trunc('week', occurred_at AT TIME ZONE 'UTC')::date
      FROM gpts_usageevent
     WHERE gpt_id = %s AND user_id <> %s AND version_id IS NOT NULL AND occurred_at < %s
"""

# What a day holds, by class or part, before it is known whether it may be shown.
Day = dict[date, Portion]


def fill_insights(*, at: datetime, limit: int = GPTS_AT_ONCE) -> int:
    """Read what whole days have added, GPT by GPT, each in its own transaction; returns for how many.

    Only days that are over are read, after the last that was written. Running twice adds nothing.
    """
    until = (at.astimezone(UTC) - LAG).date()
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"until": _moment(until), "limit": limit})
        waiting = [row[0] for row in cursor.fetchall()]
    for gpt in GPT.objects.filter(pk__in=waiting).order_by("pk"):
        fill_insights_of(gpt=gpt, until=until, at=at)
    return len(waiting)


@transaction.atomic
def fill_insights_of(*, gpt: GPT, until: date, at: datetime) -> None:
    """Close the periods of one GPT that have enough people, up to ``until`` (excluded). Idempotent.

    The owner's own use and previews of the draft are left out.
    """
    InsightState.objects.get_or_create(gpt=gpt, defaults={"read_until": date.min, "computed_at": at})
    InsightState.objects.select_for_update(of=("self",)).get(gpt=gpt)
    _fill_use(gpt, until)
    _fill_outcomes(gpt)
    _fill_answered(gpt)
    _fill_thumbs(gpt, until)
    _fill_reach(gpt, until)
    _fill_cohorts(gpt, until)
    InsightState.objects.filter(gpt=gpt).update(read_until=until, computed_at=at)


# Use: days, by version and model ---------------------------------------------------------------------------


def _fill_use(gpt: GPT, until: date) -> None:
    start = _next_start(gpt, InsightSeries.USE)
    rows = _rows(_USE, gpt, start, until)
    by_day: dict[date, list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        by_day[row[0]].append(row)
    days = [(Span(day, day + _DAY), {"people": {row[1] for row in by_day[day]}}) for day in sorted(by_day)]
    for span in close_spans(days):
        inside = [row for day in by_day if span.start <= day < span.end for row in by_day[day]]
        whole, parts = Portion(), defaultdict(Portion)
        for _day, person, _conversation, number, model, turns, read, written, cost in inside:
            sums = {"turns": turns, "input_tokens": read, "output_tokens": written, "cost_micros": cost}
            whole.add(person, **sums)
            parts[f"{number}|{model}"].add(person, **sums)
        figures = whole.sums | {"conversations": len({row[2] for row in inside})}
        durations = _durations(gpt, span)
        bucket = _write(gpt, InsightSeries.USE, span, whole, figures, **durations)
        _write_parts(bucket, "use", parts)


def _durations(gpt: GPT, span: Span) -> dict[str, list[int]]:
    """Times of finished answers; none at all when they are of fewer than five people."""
    turns = list(
        _turns(gpt, span)
        .filter(state=TurnState.FINISHED)
        .values_list("user_id", "started_at", "first_token_at", "ended_at")
    )
    if not is_enough(len({turn[0] for turn in turns})):
        return {}
    return {
        "first_token": count_steps(
            (first - start).total_seconds() for _p, start, first, _e in turns if first
        ),
        "total": count_steps((end - start).total_seconds() for _p, start, _f, end in turns),
    }


# Quality: joined from whole periods of use ----------------------------------------------------------------


def _fill_outcomes(gpt: GPT) -> None:
    spans = _open_use_spans(gpt, InsightSeries.OUTCOME)
    if not spans:
        return
    turns = _turns(gpt, Span(spans[0].start, spans[-1].end)).filter(state__in=ENDED_TURN_STATES)
    rows = [
        (
            started.astimezone(UTC).date(),
            person,
            "failed" if code or state in _FAILED else "ended",
            code or state,
        )
        for started, person, state, code in turns.values_list("started_at", "user_id", "state", "error_code")
    ]
    for span, inside in _closed(spans, rows):
        whole, classes, reasons = _gathered(inside)
        figures = {
            "ended": classes["ended"].sums.get("count", 0),
            "failed": classes["failed"].sums.get("count", 0),
        }
        bucket = _write(gpt, InsightSeries.OUTCOME, span, whole, figures)
        _write_parts(bucket, "code", reasons["failed"])


_FAILED = (TurnState.FAILED, TurnState.INTERRUPTED)


def _fill_answered(gpt: GPT) -> None:
    spans = _open_use_spans(gpt, InsightSeries.ANSWERED)
    if not spans:
        return
    turns = _turns(gpt, Span(spans[0].start, spans[-1].end)).filter(
        retrieval_score__isnull=False, state__in=ENDED_TURN_STATES
    )
    rows = [
        (started.astimezone(UTC).date(), person, "low" if score < ANSWERABLE_SCORE else "found", "")
        for started, person, score in turns.values_list("started_at", "user_id", "retrieval_score")
    ]
    for span, inside in _closed(spans, rows):
        whole, classes, _reasons = _gathered(inside)
        figures = {name: classes[name].sums.get("count", 0) for name in ("found", "low")}
        bucket = _write(gpt, InsightSeries.ANSWERED, span, whole, figures)
        _write_terms(gpt, bucket, span)


def _write_terms(gpt: GPT, bucket: InsightBucket, span: Span) -> None:
    """Keep single words that at least five people used in questions without a passage; never a sentence.

    Words of companies stay with them: only questions asked in the GPT's own workspace or in personal ones.
    """
    unanswered = _turns(gpt, span).filter(retrieval_score__lt=ANSWERABLE_SCORE)
    outside = Q(workspace__kind__in=COMPANY_KINDS) & ~Q(workspace_id=gpt.workspace_id)
    said = Message.objects.filter(turn__in=unanswered.exclude(outside), role=MessageRole.USER)
    people: dict[str, set[int]] = defaultdict(set)
    for person, text in said.values_list("user_id", "content").iterator():
        for term in terms_of(text):
            people[term].add(person)
    common = sorted(
        ((len(who), term) for term, who in people.items() if is_enough(len(who))),
        key=lambda pair: (-pair[0], pair[1]),
    )
    InsightPart.objects.bulk_create(
        InsightPart(bucket=bucket, kind="term", key=term, people=rounded_down(count))
        for count, term in common[:TERM_COUNT]
    )


def _fill_thumbs(gpt: GPT, until: date) -> None:
    start = _next_start(gpt, InsightSeries.THUMBS)
    given = TurnFeedback.objects.filter(
        gpt=gpt, version__isnull=False, created_at__gte=_moment(start), created_at__lt=_moment(until)
    ).exclude(user=gpt.owner_id)
    rows = [
        (moment.astimezone(UTC).date(), person, "positive" if good else "negative", reason)
        for moment, person, good, reason in given.values_list(
            "created_at", "user_id", "is_positive", "reason"
        )
    ]
    days = [Span(day, day + _DAY) for day in sorted({row[0] for row in rows})]
    for span, inside in _closed(days, rows):
        whole, classes, reasons = _gathered(inside)
        figures = {name: classes[name].sums.get("count", 0) for name in ("positive", "negative")}
        bucket = _write(gpt, InsightSeries.THUMBS, span, whole, figures)
        _write_parts(bucket, "reason", {key or "none": part for key, part in reasons["negative"].items()})


Row = tuple[date, int, str, str]


def _closed(spans: Sequence[Span], rows: Sequence[Row]) -> Iterable[tuple[Span, list[Row]]]:
    """The spans that may be closed, joined from the given ones, with their rows (day, person, class, key)."""
    days = []
    for span in spans:
        classes: dict[str, set[int]] = defaultdict(set)
        for day, person, name, _key in rows:
            if span.start <= day < span.end:
                classes[name].add(person)
        days.append((span, classes))
    for span in close_spans(days):
        yield span, [row for row in rows if span.start <= row[0] < span.end]


def _gathered(
    rows: Iterable[Row],
) -> tuple[Portion, dict[str, Portion], dict[str, dict[str, Portion]]]:
    """All rows together, by class, and by class and key."""
    whole: Portion = Portion()
    classes: dict[str, Portion] = defaultdict(Portion)
    keys: dict[str, dict[str, Portion]] = defaultdict(lambda: defaultdict(Portion))
    for _day, person, name, key in rows:
        for portion in (whole, classes[name], keys[name][key]):
            portion.add(person, count=1)
    return whole, classes, keys


# Reach and retention ---------------------------------------------------------------------------------------


def _fill_reach(gpt: GPT, until: date) -> None:
    for days in REACH_DAYS:
        spans = InsightBucket.objects.filter(
            gpt=gpt,
            series=InsightSeries.USE,
            start_date__gte=until - timedelta(days=days),
            end_date__lte=until,
        ).order_by("start_date")
        covered = list(spans.values_list("start_date", "end_date"))
        if not covered:
            InsightReach.objects.filter(gpt=gpt, days=days).delete()
            continue
        with connection.cursor() as cursor:
            cursor.execute(_REACH, [gpt.pk, gpt.owner_id, _moment(covered[0][0]), _moment(covered[-1][1])])
            people = cursor.fetchone()[0]
        InsightReach.objects.update_or_create(
            gpt=gpt, days=days, defaults={"end_date": until, "people": rounded_down(people)}
        )


def _fill_cohorts(gpt: GPT, until: date) -> None:
    """Write the cells of weeks that are over; those that stand are left."""
    this_week = until - timedelta(days=until.weekday())
    with connection.cursor() as cursor:
        cursor.execute(_WEEKS, [gpt.pk, gpt.owner_id, _moment(this_week)])
        came: dict[int, set[date]] = defaultdict(set)
        for person, week in cursor.fetchall():
            came[person].add(week)
    cohorts: dict[date, list[set[date]]] = defaultdict(list)
    for weeks in came.values():
        cohorts[min(weeks)].append(weeks)
    cells = []
    for week, members in cohorts.items():
        if not is_enough(len(members)) or week < this_week - COHORT_WEEKS * _WEEK:
            continue
        for offset in range(1, COHORT_OFFSETS + 1):
            then = week + offset * _WEEK
            if then >= this_week:
                break
            active = cohort_cell(len(members), sum(then in weeks for weeks in members))
            cells.append(InsightCohort(gpt=gpt, week=week, offset=offset, size=len(members), active=active))
    InsightCohort.objects.bulk_create(cells, ignore_conflicts=True)


# Rows ------------------------------------------------------------------------------------------------------


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _next_start(gpt: GPT, series: str) -> date:
    last = (
        InsightBucket.objects.filter(gpt=gpt, series=series)
        .order_by("-end_date")
        .values_list("end_date", flat=True)
        .first()
    )
    return last or date(2000, 1, 1)


def _open_use_spans(gpt: GPT, series: str) -> list[Span]:
    """The periods of use that the quality series has not covered yet, in order."""
    use = InsightBucket.objects.filter(
        gpt=gpt, series=InsightSeries.USE, start_date__gte=_next_start(gpt, series)
    ).order_by("start_date")
    return [Span(start, end) for start, end in use.values_list("start_date", "end_date")]


def _rows(statement: str, gpt: GPT, start: date, until: date) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [gpt.pk, gpt.owner_id, _moment(start), _moment(until)])
        return list(cursor.fetchall())


def _turns(gpt: GPT, span: Span) -> Any:
    return Turn.objects.filter(
        gpt=gpt, version__isnull=False, started_at__gte=_moment(span.start), started_at__lt=_moment(span.end)
    ).exclude(user=gpt.owner_id)


def _write(
    gpt: GPT, series: str, span: Span, whole: Portion, figures: Mapping[str, int], **durations: list[int]
) -> InsightBucket:
    return InsightBucket.objects.create(
        gpt=gpt,
        series=series,
        start_date=span.start,
        end_date=span.end,
        people=len(whole.people),
        figures=dict(figures),
        **durations,
    )


def _write_parts(bucket: InsightBucket, kind: str, parts: Mapping[str, Portion]) -> None:
    shown, rest = split(parts)
    rows = [
        InsightPart(bucket=bucket, kind=kind, key=key, people=len(part.people), figures=part.sums)
        for key, part in shown.items()
    ]
    if rest is not None:
        rows.append(InsightPart(bucket=bucket, kind=kind, key="", people=len(rest.people), figures=rest.sums))
    InsightPart.objects.bulk_create(rows)
