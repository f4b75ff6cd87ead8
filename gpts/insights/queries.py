"""Queries for insights: the figures of a range, summed from periods of at least five people each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Max, Min, Q

from gpts.assistants.models import GPT
from gpts.insights.durations import compute_quantile, join_steps
from gpts.insights.models import InsightBucket, InsightCohort, InsightPart, InsightReach, InsightState
from gpts.insights.ranges import Range
from gpts.insights.states import InsightSeries

MAX_COHORTS = 12
# With fewer answers, the 90th percentile would be a single answer of one person.
MIN_ANSWERS_FOR_P90 = 10


@dataclass(frozen=True)
class Period:
    """Days (UTC), ``end`` excluded."""

    start: date
    end: date

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True)
class Quantiles:
    """Median and 90th percentile of durations in seconds; None with too few answers."""

    p50: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class UsePeriod(Period):
    """A period of use; ``people`` is rounded down to fives."""

    people: int
    conversations: int
    turns: int
    input_tokens: int
    output_tokens: int
    cost_micros: int
    first_token: Quantiles
    total: Quantiles

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class SharePeriod(Period):
    """``count`` of ``whole`` in a period: failed answers, unanswered questions or thumbs up."""

    count: int
    whole: int

    @property
    def ratio(self) -> float | None:
        return self.count / self.whole if self.whole else None


@dataclass(frozen=True)
class Part:
    """A row of a breakdown; the row with an empty ``key`` sums the parts too small to show."""

    key: str
    turns: int = 0
    tokens: int = 0
    cost_micros: int = 0


@dataclass(frozen=True)
class Word:
    """A word and how many people used it, rounded down to fives."""

    word: str
    people: int


@dataclass(frozen=True)
class UnansweredWords(Period):
    """Words of questions without a matching passage, of the newest period that has some."""

    words: tuple[Word, ...]


@dataclass(frozen=True)
class CohortCell:
    """People of a cohort who came ``offset`` weeks later; None when they, or the others, are one to four."""

    offset: int
    active: int | None
    ratio: float | None


@dataclass(frozen=True)
class Cohort:
    """The people whose first use was in the week of ``week`` (a Monday)."""

    week: date
    size: int
    cells: tuple[CohortCell, ...]


@dataclass
class Insights:
    """All figures of one range. Lists are empty where there are fewer than five people."""

    range: Range
    read_until: date | None
    computed_at: datetime | None
    has_estimates: bool = False
    # First and last (excluded) day of all periods of use, also outside of the range.
    known: tuple[date | None, date | None] = (None, None)
    # Distinct people of the whole range, rounded down to fives; None for custom ranges and below five.
    people: int | None = None
    use: list[UsePeriod] = field(default_factory=list)
    first_token: Quantiles = Quantiles()
    total: Quantiles = Quantiles()
    versions: list[Part] = field(default_factory=list)
    models: list[Part] = field(default_factory=list)
    failures: list[SharePeriod] = field(default_factory=list)
    codes: list[Part] = field(default_factory=list)
    thumbs: list[SharePeriod] = field(default_factory=list)
    reasons: list[Part] = field(default_factory=list)
    unanswered: list[SharePeriod] = field(default_factory=list)
    words: UnansweredWords | None = None
    cohorts: list[Cohort] = field(default_factory=list)

    @property
    def turns(self) -> int:
        return sum(period.turns for period in self.use)

    @property
    def conversations(self) -> int:
        return sum(period.conversations for period in self.use)

    @property
    def tokens(self) -> int:
        return sum(period.tokens for period in self.use)

    @property
    def cost_micros(self) -> int:
        return sum(period.cost_micros for period in self.use)

    @property
    def failure_share(self) -> float | None:
        return _compute_ratio(self.failures)

    @property
    def thumbs_share(self) -> float | None:
        return _compute_ratio(self.thumbs)

    @property
    def unanswered_share(self) -> float | None:
        return _compute_ratio(self.unanswered)


def get_read_limit(gpt: GPT, *, today: date) -> date:
    """Return the end of preset ranges: ``today`` (get_first_unread_day), or yesterday before today's job ran.

    A GPT without new use is not read again; its figures are complete, so the end is ``today`` then.
    """
    state = InsightState.objects.filter(gpt=gpt).values_list("read_until", flat=True).first()
    yesterday = today - timedelta(days=1)
    return yesterday if state == yesterday else today


def get_insights(gpt: GPT, chosen: Range) -> Insights:
    """Return the insights of one range in six queries; the caller has authorised the person.

    Only periods that are completely inside the range are counted.
    """
    state = InsightState.objects.filter(gpt=gpt).first()
    insights = Insights(chosen, state.read_until if state else None, state.computed_at if state else None)
    insights.has_estimates = state is not None and state.has_estimates
    ends = InsightBucket.objects.filter(gpt=gpt, series=InsightSeries.USE).aggregate(
        first=Min("start_date"), last=Max("end_date")
    )
    insights.known = ends["first"], ends["last"]
    by_series: dict[str, list[InsightBucket]] = defaultdict(list)
    # A period of words takes weeks, so the newest one before the end of the range is shown.
    inside = InsightBucket.objects.filter(
        Q(start_date__gte=chosen.start) | Q(series=InsightSeries.WORDS), gpt=gpt, end_date__lte=chosen.end
    )
    for bucket in inside.order_by("start_date"):
        by_series[bucket.series].append(bucket)
    words = by_series[InsightSeries.WORDS] = by_series[InsightSeries.WORDS][-1:]
    parts: dict[str, list[InsightPart]] = defaultdict(list)
    wanted = [bucket.pk for buckets in by_series.values() for bucket in buckets]
    for part in InsightPart.objects.filter(gpt=gpt, bucket__in=wanted).order_by("id"):
        parts[part.kind].append(part)
    use = by_series[InsightSeries.USE]
    insights.use = [_build_use_period(bucket) for bucket in use]
    insights.first_token = _compute_quantiles(bucket.first_token for bucket in use)
    insights.total = _compute_quantiles(bucket.total for bucket in use)
    insights.versions = _sum_parts(parts["use"], lambda key: key.partition("|")[0])
    insights.models = _sum_parts(parts["use"], lambda key: key.partition("|")[2])
    reach = InsightReach.objects.filter(gpt=gpt, days=chosen.days or 0, end_date=chosen.end).first()
    insights.people = reach.people if reach else None
    insights.failures = _build_shares(by_series[InsightSeries.OUTCOME], "failed", "ended")
    insights.codes = _sum_counts(parts["code"])
    insights.thumbs = _build_shares(by_series[InsightSeries.THUMBS], "positive", "negative")
    insights.reasons = _sum_counts(parts["reason"])
    insights.unanswered = _build_shares(by_series[InsightSeries.ANSWERED], "low", "found")
    insights.words = (
        UnansweredWords(words[0].start_date, words[0].end_date, _sort_words(parts["term"])) if words else None
    )
    insights.cohorts = _list_cohorts(gpt, chosen)
    return insights


def _compute_ratio(shares: Sequence[SharePeriod]) -> float | None:
    whole = sum(share.whole for share in shares)
    return sum(share.count for share in shares) / whole if whole else None


def _build_use_period(bucket: InsightBucket) -> UsePeriod:
    figures = bucket.figures
    return UsePeriod(
        bucket.start_date,
        bucket.end_date,
        bucket.people,
        conversations=figures["conversations"],
        turns=figures["turns"],
        input_tokens=figures["input_tokens"],
        output_tokens=figures["output_tokens"],
        cost_micros=figures["cost_micros"],
        first_token=_compute_quantiles([bucket.first_token]),
        total=_compute_quantiles([bucket.total]),
    )


def _compute_quantiles(counts: Iterable[Sequence[int]]) -> Quantiles:
    joined = join_steps(counts)
    return Quantiles(
        compute_quantile(joined, 0.5),
        compute_quantile(joined, 0.9) if sum(joined) >= MIN_ANSWERS_FOR_P90 else None,
    )


def _sum_parts(parts: Iterable[InsightPart], name: Callable[[str], str]) -> list[Part]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for part in parts:
        key = name(part.key) if part.key else ""
        figures = part.figures
        tokens = figures["input_tokens"] + figures["output_tokens"]
        for index, amount in enumerate((figures["turns"], tokens, figures["cost_micros"])):
            sums[key][index] += amount
    return _sort_parts(Part(key, *amounts) for key, amounts in sums.items())


def _sum_counts(parts: Iterable[InsightPart]) -> list[Part]:
    sums: dict[str, int] = defaultdict(int)
    for part in parts:
        sums[part.key] += part.figures["count"]
    return _sort_parts(Part(key, turns=count) for key, count in sums.items())


def _sort_words(parts: Iterable[InsightPart]) -> tuple[Word, ...]:
    """Return the words used by the most people first."""
    ordered = sorted(parts, key=lambda part: (-part.people, part.key))
    return tuple(Word(part.key, part.people) for part in ordered)


def _sort_parts(parts: Iterable[Part]) -> list[Part]:
    """Return the largest parts first and the rest last."""
    return sorted(parts, key=lambda part: (part.key == "", -part.turns, part.key))


def _build_shares(buckets: Iterable[InsightBucket], counted: str, other: str) -> list[SharePeriod]:
    # Periods without any such event are left out.
    shares = [
        SharePeriod(
            bucket.start_date,
            bucket.end_date,
            count=bucket.figures[counted],
            whole=bucket.figures[counted] + bucket.figures[other],
        )
        for bucket in buckets
    ]
    return [share for share in shares if share.whole]


def _list_cohorts(gpt: GPT, chosen: Range) -> list[Cohort]:
    """Return the newest cohorts before the end of the range, whatever its length: coming back takes weeks."""
    weeks: dict[date, list[InsightCohort]] = defaultdict(list)
    oldest = chosen.end - timedelta(weeks=MAX_COHORTS + 1)
    rows = InsightCohort.objects.filter(gpt=gpt, week__lt=chosen.end, week__gte=oldest)
    for row in rows.order_by("week", "offset"):
        weeks[row.week].append(row)
    return [
        Cohort(
            week,
            rows[0].size,
            tuple(
                CohortCell(row.offset, row.active, None if row.active is None else row.active / row.size)
                for row in rows
            ),
        )
        for week, rows in weeks.items()
    ]
