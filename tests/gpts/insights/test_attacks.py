"""A creator who wants to know more than they may: two readings, shifted ranges, the file against the page.

Whatever happened, all that is published is about sets of answers. These tests know the truth behind it and
compute the sets: each, and each that is left when others are taken away, is of nobody or of five people.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from itertools import combinations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import uuid7
from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, Turn, TurnFeedback
from gpts.evals.services.prompt_turn import read_answer
from gpts.evals.services.prompts import create_prompt
from gpts.evals.services.runs import claim_result, finish_result, start_run
from gpts.insights.csv_files import write_csv
from gpts.insights.grouping import GROUP_SIZE
from gpts.insights.models import InsightBucket, InsightCohort, InsightPart, InsightReach
from gpts.insights.queries import get_insights
from gpts.insights.ranges import Range
from gpts.insights.services.filling import fill_insights
from gpts.knowledge.retrieval import ANSWERABLE_SCORE
from gpts.llm.runtime.offline import OfflineClient
from gpts.llm.services.providers import ensure_offline_provider
from gpts.llm.states import TurnState
from gpts.metering.models import UsageEvent
from gpts.metering.states import UsageSource
from tests.support.insights import DAY, create_ended_turn, create_gpt_with_version, create_readers, get_time
from tests.support.times import NOW
from workspaces.access import personal_workspace

pytestmark = pytest.mark.django_db
DAYS = 24
PEOPLE = 11


@dataclass(frozen=True)
class Asked:
    """One question in the truth that nobody is shown."""

    person: int
    day: int
    model: str
    code: str
    score: float | None
    thumb: str


asked = st.builds(
    Asked,
    person=st.integers(0, PEOPLE - 1),
    day=st.integers(0, DAYS - 1),
    model=st.sampled_from(["small", "small", "small", "large"]),
    code=st.sampled_from(["", "", "", "", "slow", "down"]),
    score=st.sampled_from([None, 0.0, 0.9, 0.9]),
    thumb=st.sampled_from(["", "", "up", "wrong", "style"]),
)
truths = st.lists(asked, min_size=20, max_size=120)
readings = st.lists(st.integers(1, DAYS + 20), min_size=1, max_size=6)


def happen(truth: Iterable[Asked], gpt: GPT, version: Any, crowd: list[Any], places: list[Any]) -> None:
    """Write it as the chat would have, in few statements."""
    conversations, turns, events, thumbs = [], [], [], []
    for one in truth:
        at, user, place = get_time(one.day), crowd[one.person], places[one.person]
        conversation = Conversation(
            id=uuid7(at), user=user, workspace=place, gpt=gpt, version=version, created_at=at, updated_at=at
        )
        turn = Turn(
            id=uuid7(at), conversation=conversation, user=user, workspace=place, gpt=gpt, version=version,
            position=1, state=TurnState.FAILED if one.code else TurnState.FINISHED, error_code=one.code,
            model_name=one.model, retrieval_score=one.score, started_at=at,
            first_token_at=None if one.code else at + timedelta(seconds=1),
            ended_at=at + timedelta(seconds=3),
        )  # fmt: skip
        conversations.append(conversation)
        turns.append(turn)
        if one.code:
            continue
        events.append(
            UsageEvent(
                event_id=turn.pk, workspace_id=place.pk, user_id=user.pk, gpt_id=gpt.pk,
                gpt_workspace_id=gpt.workspace_id, version_id=version.pk, payee_id=gpt.owner_id,
                conversation_id=conversation.pk, occurred_at=at, received_at=at, input_tokens=10,
                output_tokens=20, cost_micros=7, model_name=one.model, is_paid_user=True, outcome="finished",
                source=UsageSource.WEB, payload_hash=hashlib.sha256(turn.pk.bytes).hexdigest(),
            )
        )  # fmt: skip
        if one.thumb:
            thumbs.append(
                TurnFeedback(
                    turn=turn, user=user, workspace=place, gpt=gpt, version=version, created_at=at,
                    is_positive=one.thumb == "up", reason="" if one.thumb == "up" else one.thumb,
                )
            )  # fmt: skip
    Conversation.objects.bulk_create(conversations)
    Turn.objects.bulk_create(turns)
    UsageEvent.objects.bulk_create(events)
    TurnFeedback.objects.bulk_create(thumbs)


def is_safe(rows: Iterable[Asked]) -> bool:
    people = {one.person for one in rows}
    return not people or len(people) >= GROUP_SIZE


def within(truth: Iterable[Asked], bucket: InsightBucket) -> list[Asked]:
    return [one for one in truth if bucket.start_date <= DAY + timedelta(days=one.day) < bucket.end_date]


def written() -> dict[Any, Any]:
    """All that stands for good, by key."""
    return {
        (table, row["id"]): row
        for table in (InsightBucket, InsightPart, InsightCohort)
        for row in table.objects.values()
    }


@pytest.fixture
def stage() -> tuple[GPT, Any, list[Any], list[Any]]:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(PEOPLE)
    return gpt, version, crowd, [personal_workspace(user) for user in crowd]


FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(truth=truths, days=readings)
def test_whatever_is_published_is_of_five_people_and_so_is_every_difference(
    stage: tuple[Any, ...], truth: list[Asked], days: list[int]
) -> None:
    gpt, version, crowd, places = stage
    with transaction.atomic():
        happen(truth, gpt, version, crowd, places)
        for day in sorted(set(days)):
            before = written()
            fill_insights(at=get_time(day))
            # A second reading has the first one's figures and whole new ones, never a changed one.
            assert before.items() <= written().items()
        _look_at_all(truth, gpt)
        transaction.set_rollback(True)


def _look_at_all(truth: list[Asked], gpt: GPT) -> None:
    ended = [one for one in truth if not one.code]
    parts: dict[int, list[InsightPart]] = defaultdict(list)
    for part in InsightPart.objects.all():
        assert part.people % GROUP_SIZE == 0
        parts[part.bucket_id].append(part)
    for bucket in InsightBucket.objects.all():
        assert bucket.people % GROUP_SIZE == 0
        inside = within(ended, bucket)
        if bucket.series == "use":
            assert bucket.figures["turns"] == len(inside) and is_safe(inside)
            _look_at_parts(inside, parts[bucket.pk], "turns", lambda one: f"1|{one.model}")
        elif bucket.series == "outcome":
            failed = within([one for one in truth if one.code], bucket)
            assert bucket.figures == {"ended": len(inside), "failed": len(failed)}
            assert is_safe(inside) and is_safe(failed)
            _look_at_parts(failed, parts[bucket.pk], "count", lambda one: one.code)
        elif bucket.series == "answered":
            low = [one for one in inside if one.score is not None and one.score < ANSWERABLE_SCORE]
            found = [one for one in inside if one.score is not None and one not in low]
            other = [one for one in inside if one.score is None]
            assert bucket.figures == {"found": len(found), "low": len(low)}
            # The number of answers is known too, and with it how many were not looked up.
            assert all(is_safe(some) for some in (low, found, other))
        elif bucket.series == "thumbs":
            given_ = [one for one in inside if one.thumb]
            up = [one for one in given_ if one.thumb == "up"]
            down = [one for one in given_ if one.thumb != "up"]
            assert bucket.figures == {"positive": len(up), "negative": len(down)}
            assert is_safe(up) and is_safe(down)
            _look_at_parts(down, parts[bucket.pk], "count", lambda one: one.thumb)
    for reach in InsightReach.objects.all():
        assert reach.people % GROUP_SIZE == 0


def _look_at_parts(whole: list[Asked], parts: list[InsightPart], figure: str, key_of: Any) -> None:
    """Take any of the shown parts away from the total: what is left is of five people as well."""
    shown = {part.key: part for part in parts if part.key}
    for key, part in shown.items():
        mine = [one for one in whole if key_of(one) == key]
        assert part.figures[figure] == len(mine) and is_safe(mine)
    for size in range(len(shown) + 1):
        for some in combinations(shown, size):
            assert is_safe([one for one in whole if key_of(one) not in some])
    if parts:
        assert sum(part.figures[figure] for part in parts) == len(whole)


@FEW
@given(truth=truths, ends=st.tuples(st.integers(0, DAYS), st.integers(1, DAYS), st.integers(-2, 2)))
def test_ranges_that_differ_by_days_differ_by_whole_periods(
    stage: tuple[Any, ...], truth: list[Asked], ends: tuple[int, int, int]
) -> None:
    gpt, version, crowd, places = stage
    first, length, shift = ends
    start = DAY + timedelta(days=first)
    with transaction.atomic():
        happen(truth, gpt, version, crowd, places)
        fill_insights(at=get_time(DAYS + 20))
        one = get_insights(gpt, Range(start, start + timedelta(days=length), None))
        other = get_insights(gpt, Range(start + timedelta(days=shift), start + timedelta(days=length), None))
        # Distinct people would tell who came on the day between.
        assert one.people is None and other.people is None
        ended = [row for row in truth if not row.code]
        for mine, theirs in ((one, other), (other, one)):
            only = [period for period in mine.use if period not in theirs.use]
            left = [
                row
                for row in ended
                for period in only
                if period.start <= DAY + timedelta(days=row.day) < period.end
            ]
            assert is_safe(left)
            assert sum(period.turns for period in only) == len(left)
        transaction.set_rollback(True)


def _csv(found: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(write_csv(found).decode("utf-8-sig"))))


@FEW
@given(truth=truths)
def test_the_file_has_the_pages_figures_and_no_other(stage: tuple[Any, ...], truth: list[Asked]) -> None:
    gpt, version, crowd, places = stage
    with transaction.atomic():
        happen(truth, gpt, version, crowd, places)
        fill_insights(at=get_time(DAYS + 20))
        found = get_insights(gpt, Range(DAY, DAY + timedelta(days=DAYS + 20), None))
        rows = _csv(found)
        transaction.set_rollback(True)

    def total(section: str, figure: str) -> int:
        return sum(int(row["value"]) for row in rows if (row["section"], row["figure"]) == (section, figure))

    assert total("use", "turns") == found.turns == total("version", "turns") == total("model", "turns")
    assert total("failure", "failed") == sum(share.count for share in found.failures)
    assert total("thumb", "positive") == sum(share.count for share in found.thumbs)
    assert total("unanswered", "unanswered") == sum(share.count for share in found.unanswered)
    assert [row["value"] for row in rows if row["section"] == "range"] == [""]
    names = {crowd_member.display_name for crowd_member in crowd}
    assert not any(name in row.values() for row in rows for name in names)


def test_what_the_creator_does_between_two_readings_tells_nothing_of_a_fifth_person() -> None:
    """Four friends of the creator and one stranger: the stranger alone is in no reading."""
    gpt, version = create_gpt_with_version()
    crowd = create_readers(6)
    places = [personal_workspace(user) for user in crowd]
    friends = [Asked(person, 0, "small", "", None, "") for person in range(5)]
    happen(friends, gpt, version, crowd, places)
    fill_insights(at=get_time(3))
    first = get_insights(gpt, Range(DAY, DAY + timedelta(days=9), None))
    alone = [Asked(5, 4, "small", "slow", 0.0, ""), Asked(5, 4, "small", "", 0.0, "wrong")]
    happen(alone, gpt, version, crowd, places)
    fill_insights(at=get_time(8))
    second = get_insights(gpt, Range(DAY, DAY + timedelta(days=9), None))
    assert (second.turns, second.use) == (first.turns, first.use) == (5, first.use)
    assert (second.failures, second.thumbs, second.unanswered) == (first.failures, [], [])
    reach = InsightReach.objects.get(gpt=gpt, days=30)
    assert reach.people == 5


def test_a_period_never_counts_days_that_are_not_over() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(6)
    places = [personal_workspace(user) for user in crowd]
    happen([Asked(person, 0, "small", "", None, "") for person in range(6)], gpt, version, crowd, places)
    fill_insights(at=get_time(0, hour=23))
    assert get_insights(gpt, Range(DAY, DAY + timedelta(days=1), None)).use == []
    fill_insights(at=get_time(1))
    (period,) = get_insights(gpt, Range(DAY, date(2026, 3, 3), None)).use
    assert (period.start, period.end) == (DAY, date(2026, 3, 3))


def _satisfaction(gpt: GPT, day: int) -> float | None:
    """What a run of golden prompts says about the thumbs of readers."""
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=get_time(day))
    while (result := claim_result(run_id=run.pk, at=get_time(day))) is not None:
        answer = read_answer(result, OfflineClient(pause_seconds=0))
        finish_result(result=result, answer=answer, at=get_time(day))
    run.refresh_from_db()
    found: float | None = run.metrics["satisfaction"]
    return found


def test_two_runs_of_golden_prompts_do_not_tell_of_the_thumb_between_them() -> None:
    ensure_offline_provider(at=NOW)
    gpt, version = create_gpt_with_version()
    create_prompt(gpt=gpt, fields={"prompt": "Hello?", "expected": "answer"}, by=gpt.owner, at=NOW)
    crowd = create_readers(8)
    for person in crowd[:6]:
        create_ended_turn(person, gpt, version, 0, thumb=True)
    assert _satisfaction(gpt, 0) is None
    fill_insights(at=get_time(1))
    before = _satisfaction(gpt, 1)
    create_ended_turn(crowd[6], gpt, version, 1, thumb=False, reason="wrong")
    fill_insights(at=get_time(20))
    assert before == _satisfaction(gpt, 2) == _satisfaction(gpt, 20) == 1.0
