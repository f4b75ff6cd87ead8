"""Compute insights from usage events and turns. Needs a system scope.

``facts`` reads, ``periods`` joins days and writes buckets; this module runs them and computes reach and
cohorts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from gpts.assistants.models import GPT
from gpts.insights.grouping import Span, is_large_enough, round_down_people, suppress_cohort_cell
from gpts.insights.models import InsightBucket, InsightCohort, InsightReach, InsightState
from gpts.insights.services.facts import FactReader, get_fact_reader, list_waiting_gpts
from gpts.insights.services.periods import fill_answered, fill_outcomes, fill_thumbs, fill_use, fill_words
from gpts.insights.states import InsightSeries

# A day is read this long after it ended, when answers begun before midnight have ended too.
READ_DELAY = timedelta(hours=1)
REACH_DAYS = (7, 30, 90)
COHORT_WEEKS = 26
COHORT_OFFSETS = 12
MAX_GPTS = 500
_WEEK = timedelta(days=7)


def get_first_unread_day(at: datetime) -> date:
    """Return the first day (UTC) that cannot be read yet at this time."""
    return (at.astimezone(UTC) - READ_DELAY).date()


def list_gpts_to_fill(*, at: datetime, limit: int = MAX_GPTS) -> list[int]:
    """Return ids of GPTs whose figures lack days that are over."""
    return list_waiting_gpts(until=get_first_unread_day(at), limit=limit)


def fill_insights(*, at: datetime, limit: int = MAX_GPTS) -> int:
    """Compute figures of days that are over, one transaction for each GPT; return how many. Idempotent."""
    waiting = list_gpts_to_fill(at=at, limit=limit)
    for gpt_id in waiting:
        fill_gpt_insights(gpt_id=gpt_id, at=at)
    return len(waiting)


@transaction.atomic
def fill_gpt_insights(*, gpt_id: int, at: datetime) -> bool:
    """Write the figures of one GPT for days that are over and have enough people. Idempotent.

    Previews of the draft and use by people who may read the figures do not count. False without such a GPT,
    or when it is deleted or its workspace suspended.
    """
    gpt = (
        GPT.objects.select_related("workspace")
        .filter(pk=gpt_id, deleted_at__isnull=True, workspace__suspended_at__isnull=True)
        .first()
    )
    if gpt is None:
        return False
    until = get_first_unread_day(at)
    InsightState.objects.get_or_create(gpt=gpt, defaults={"read_until": date.min, "computed_at": at})
    state = InsightState.objects.select_for_update(of=("self",)).get(gpt=gpt)
    # Another worker has already read this day.
    if state.read_until >= until:
        return True
    facts = get_fact_reader(gpt)
    fill_use(facts, until=until)
    fill_outcomes(facts, until=until)
    fill_answered(facts, until=until)
    fill_words(facts, until=until)
    fill_thumbs(facts, until=until)
    _fill_reach(facts, until)
    if _get_monday(state.read_until) < _get_monday(until):
        _fill_cohorts(facts, _get_monday(until))
    estimated = facts.count_estimated_people(Span(until - timedelta(days=max(REACH_DAYS)), until))
    InsightState.objects.filter(gpt=gpt).update(
        read_until=until, computed_at=at, has_estimates=is_large_enough(estimated)
    )
    return True


def _fill_reach(facts: FactReader, until: date) -> None:
    """Count the people of the whole periods within the last days. Below five there is no row."""
    for days in REACH_DAYS:
        covered = list(
            InsightBucket.objects.filter(
                gpt=facts.gpt,
                series=InsightSeries.USE,
                start_date__gte=until - timedelta(days=days),
                end_date__lte=until,
            )
            .order_by("start_date")
            .values_list("start_date", "end_date")
        )
        people = facts.count_people(Span(covered[0][0], covered[-1][1])) if covered else 0
        # A period has five people, but fewer remain when some of them have become insiders since.
        if is_large_enough(people):
            InsightReach.objects.update_or_create(
                gpt=facts.gpt, days=days, defaults={"end_date": until, "people": round_down_people(people)}
            )
        else:
            InsightReach.objects.filter(gpt=facts.gpt, days=days).delete()


def _fill_cohorts(facts: FactReader, this_week: date) -> None:
    """Write the cells of weeks that are over; existing cells are not changed."""
    weeks_by_person: dict[int, set[date]] = defaultdict(set)
    for person, week in facts.read_weeks(this_week):
        weeks_by_person[person].add(week)
    cohorts: dict[date, list[set[date]]] = defaultdict(list)
    for weeks in weeks_by_person.values():
        cohorts[min(weeks)].append(weeks)
    cells = [
        cell
        for week, members in cohorts.items()
        if is_large_enough(len(members)) and week >= this_week - COHORT_WEEKS * _WEEK
        for cell in _build_cells(facts.gpt, week, members, this_week)
    ]
    InsightCohort.objects.bulk_create(cells, ignore_conflicts=True)


def _build_cells(gpt: GPT, week: date, members: list[set[date]], this_week: date) -> Iterable[InsightCohort]:
    for offset in range(1, COHORT_OFFSETS + 1):
        then = week + offset * _WEEK
        if then >= this_week:
            return
        active = suppress_cohort_cell(len(members), sum(then in weeks for weeks in members))
        yield InsightCohort(gpt=gpt, week=week, offset=offset, size=len(members), active=active)


def _get_monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
