"""Reading insights: the figures of a range, joined from periods that five or more people fill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from gpts.insights.durations import join_steps, quantile
from gpts.models import GPT, InsightBucket, InsightCohort, InsightPart, InsightReach, InsightState
from gpts.states import InsightSeries

RANGES = (7, 30, 90)
LONGEST_RANGE = 400
SUMS = ("conversations", "turns", "input_tokens", "output_tokens", "cost_micros")


@dataclass(frozen=True)
class Range:
    """Days, ``end`` excluded; ``days`` is set for one of the fixed ranges, which end with yesterday."""

    start: date
    end: date
    days: int | None


@dataclass(frozen=True)
class Use:
    """A closed period of use."""

    start: date
    end: date
    people: int
    conversations: int
    turns: int
    input_tokens: int
    output_tokens: int
    cost_micros: int
    first_token_p50: float | None
    first_token_p95: float | None
    total_p50: float | None
    total_p95: float | None

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Share:
    """``count`` of ``whole`` in a period: failures of turns, unanswered of questions, good of thumbs."""

    start: date
    end: date
    count: int
    whole: int

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def ratio(self) -> float:
        return self.count / self.whole if self.whole else 0.0


@dataclass(frozen=True)
class Part:
    """A row of a split; an empty ``key`` is the rest, of groups that are too small to show."""

    key: str
    turns: int = 0
    tokens: int = 0
    cost_micros: int = 0


@dataclass(frozen=True)
class Cohort:
    week: date
    size: int
    cells: tuple[tuple[int, int | None, float | None], ...]


@dataclass
class Insights:
    """Everything that the page shows. Lists are empty where fewer than five people stand behind them."""

    range: Range
    read_until: date | None
    computed_at: datetime | None
    # Of the whole range, in fives; None for a range of one's own, or below the group size.
    people: int | None = None
    use: list[Use] = field(default_factory=list)
    first_token: tuple[float | None, float | None] = (None, None)
    total: tuple[float | None, float | None] = (None, None)
    versions: list[Part] = field(default_factory=list)
    models: list[Part] = field(default_factory=list)
    version_numbers: list[int] = field(default_factory=list)
    failures: list[Share] = field(default_factory=list)
    codes: list[Part] = field(default_factory=list)
    thumbs: list[Share] = field(default_factory=list)
    reasons: list[Part] = field(default_factory=list)
    unanswered: list[Share] = field(default_factory=list)
    terms: list[Part] = field(default_factory=list)
    cohorts: list[Cohort] = field(default_factory=list)

    def sum(self, name: str) -> int:
        return sum(getattr(period, name) for period in self.use)

    @property
    def turns(self) -> int:
        return self.sum("turns")

    @property
    def conversations(self) -> int:
        return self.sum("conversations")

    @property
    def tokens(self) -> int:
        return self.sum("tokens")

    @property
    def cost_micros(self) -> int:
        return self.sum("cost_micros")

    @property
    def failure_share(self) -> float | None:
        return _ratio(self.failures)

    @property
    def thumbs_share(self) -> float | None:
        return _ratio(self.thumbs)

    @property
    def unanswered_share(self) -> float | None:
        return _ratio(self.unanswered)


def fixed_range(days: int, *, today: date) -> Range:
    return Range(today - timedelta(days=days), today, days)


def insights_of(gpt: GPT, chosen: Range, *, version: int | None = None) -> Insights:
    """The insights of one range, for callers that authorised the person: five queries, from rollups alone.

    Only periods that lie in the range whole are counted. With ``version``, use is that version's.
    """
    state = InsightState.objects.filter(gpt=gpt).first()
    found = Insights(chosen, state and state.read_until, state and state.computed_at)
    buckets = list(
        InsightBucket.objects.filter(
            gpt=gpt, start_date__gte=chosen.start, end_date__lte=chosen.end
        ).order_by("start_date")
    )
    parts: dict[str, list[InsightPart]] = defaultdict(list)
    of_bucket: dict[int, list[InsightPart]] = defaultdict(list)
    for part in InsightPart.objects.filter(bucket__in=[bucket.pk for bucket in buckets]).order_by("id"):
        parts[part.kind].append(part)
        of_bucket[part.bucket_id].append(part)
    by_series: dict[str, list[InsightBucket]] = defaultdict(list)
    for bucket in buckets:
        by_series[bucket.series].append(bucket)
    use = by_series[InsightSeries.USE]
    found.version_numbers = sorted(
        {int(p.key.partition("|")[0]) for p in parts["use"] if p.key}, reverse=True
    )
    found.versions = _joined(parts["use"], lambda key: key.partition("|")[0])
    found.models = _joined(parts["use"], lambda key: key.partition("|")[2])
    if version is None:
        found.use = [_use(bucket) for bucket in use]
        found.first_token, found.total = _quantiles(use)
        reach = InsightReach.objects.filter(gpt=gpt, days=chosen.days or 0, end_date=chosen.end).first()
        found.people = reach.people if reach else None
    else:
        found.use = [
            row
            for bucket in use
            if (row := _use_of_version(bucket, of_bucket[bucket.pk], version)) is not None
        ]
    found.failures = _shares(by_series[InsightSeries.OUTCOME], "failed", "ended")
    found.codes = _counted(parts["code"])
    found.thumbs = _shares(by_series[InsightSeries.THUMBS], "positive", "negative")
    found.reasons = _counted(parts["reason"])
    found.unanswered = _shares(by_series[InsightSeries.ANSWERED], "low", "found")
    found.terms = _terms(parts["term"])
    found.cohorts = _cohorts(gpt, chosen)
    return found


def _ratio(shares: Sequence[Share]) -> float | None:
    whole = sum(share.whole for share in shares)
    return sum(share.count for share in shares) / whole if whole else None


def _use(bucket: InsightBucket) -> Use:
    (first50, first95), (total50, total95) = _quantiles([bucket])
    sums = {name: int(bucket.figures.get(name, 0)) for name in SUMS}
    return Use(
        bucket.start_date, bucket.end_date, bucket.people, **sums,
        first_token_p50=first50, first_token_p95=first95, total_p50=total50, total_p95=total95,
    )  # fmt: skip


def _use_of_version(bucket: InsightBucket, parts: Iterable[InsightPart], version: int) -> Use | None:
    """The version's share of a period; its people are known only where one model answered."""
    mine = [part for part in parts if part.kind == "use" and part.key.startswith(f"{version}|")]
    if not mine:
        return None
    sums = {name: sum(int(part.figures.get(name, 0)) for part in mine) for name in SUMS}
    people = mine[0].people if len(mine) == 1 else max(part.people for part in mine)
    return Use(
        bucket.start_date, bucket.end_date, people, **sums,
        first_token_p50=None, first_token_p95=None, total_p50=None, total_p95=None,
    )  # fmt: skip


Pair = tuple[float | None, float | None]


def _quantiles(buckets: Sequence[InsightBucket]) -> tuple[Pair, Pair]:
    first = join_steps(bucket.first_token for bucket in buckets)
    total = join_steps(bucket.total for bucket in buckets)
    return (quantile(first, 0.5), quantile(first, 0.95)), (quantile(total, 0.5), quantile(total, 0.95))


def _joined(parts: Iterable[InsightPart], name: Callable[[str], str]) -> list[Part]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for part in parts:
        key = name(part.key) if part.key else ""
        figures = part.figures
        tokens = figures.get("input_tokens", 0) + figures.get("output_tokens", 0)
        for index, amount in enumerate((figures.get("turns", 0), tokens, figures.get("cost_micros", 0))):
            sums[key][index] += amount
    return _ordered(Part(key, *amounts) for key, amounts in sums.items())


def _counted(parts: Iterable[InsightPart]) -> list[Part]:
    sums: dict[str, int] = defaultdict(int)
    for part in parts:
        sums[part.key] += part.figures.get("count", 0)
    return _ordered(Part(key, turns=count) for key, count in sums.items())


def _terms(parts: Iterable[InsightPart]) -> list[Part]:
    """The most people that used a word in one period: the same person may have asked in several."""
    most: dict[str, int] = {}
    for part in parts:
        most[part.key] = max(most.get(part.key, 0), part.people)
    return _ordered(Part(key, turns=count) for key, count in most.items())


def _ordered(parts: Iterable[Part]) -> list[Part]:
    """The largest first, the rest last."""
    return sorted(parts, key=lambda part: (part.key == "", -part.turns, part.key))


def _shares(buckets: Iterable[InsightBucket], counted: str, other: str) -> list[Share]:
    return [
        Share(bucket.start_date, bucket.end_date, count, count + int(bucket.figures.get(other, 0)))
        for bucket in buckets
        for count in [int(bucket.figures.get(counted, 0))]
    ]


def _cohorts(gpt: GPT, chosen: Range) -> list[Cohort]:
    rows = InsightCohort.objects.filter(gpt=gpt, week__gte=chosen.start, week__lt=chosen.end)
    weeks: dict[date, list[InsightCohort]] = defaultdict(list)
    for row in rows.order_by("week", "offset"):
        weeks[row.week].append(row)
    return [
        Cohort(
            week,
            cells[0].size,
            tuple(
                (cell.offset, cell.active, None if cell.active is None else cell.active / cell.size)
                for cell in cells
            ),
        )
        for week, cells in weeks.items()
    ]
