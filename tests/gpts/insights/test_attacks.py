"""Attacks on anonymity by a creator: two readings, shifted ranges, comparing file and page.

Every published figure is about a set of answers. These tests know all answers and compute these sets: each
set, and each set minus others, must have nobody or at least five people.
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
from gpts.insights.csv_files import write_insights_csv
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
class Question:
    """One question of a person, with its outcome."""

    person: int
    day: int
    model: str
    code: str
    score: float | None
    thumb: str


question_strategy = st.builds(
    Question,
    person=st.integers(0, PEOPLE - 1),
    day=st.integers(0, DAYS - 1),
    model=st.sampled_from(["small", "small", "small", "large"]),
    code=st.sampled_from(["", "", "", "", "slow", "down"]),
    score=st.sampled_from([None, 0.0, 0.9, 0.9]),
    thumb=st.sampled_from(["", "", "up", "wrong", "style"]),
)
question_lists = st.lists(question_strategy, min_size=20, max_size=120)
readings = st.lists(st.integers(1, DAYS + 20), min_size=1, max_size=6)


def create_turns(
    questions: Iterable[Question], gpt: GPT, version: Any, crowd: list[Any], workspaces: list[Any]
) -> None:
    """Write what the chat would have written, in few statements."""
    conversations, turns, events, thumbs = [], [], [], []
    for one in questions:
        at, user, workspace = get_time(one.day), crowd[one.person], workspaces[one.person]
        conversation = Conversation(
            id=uuid7(at),
            user=user,
            workspace=workspace,
            gpt=gpt,
            version=version,
            created_at=at,
            updated_at=at,
        )
        turn = Turn(
            id=uuid7(at), conversation=conversation, user=user, workspace=workspace, gpt=gpt, version=version,
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
                event_id=turn.pk, workspace_id=workspace.pk, user_id=user.pk, gpt_id=gpt.pk,
                gpt_workspace_id=gpt.workspace_id, version_id=version.pk, payee_id=gpt.owner_id,
                conversation_id=conversation.pk, occurred_at=at, received_at=at, input_tokens=10,
                output_tokens=20, cost_micros=7, model_name=one.model, is_paid_user=True, outcome="finished",
                source=UsageSource.WEB, payload_hash=hashlib.sha256(turn.pk.bytes).hexdigest(),
            )
        )  # fmt: skip
        if one.thumb:
            thumbs.append(
                TurnFeedback(
                    turn=turn, user=user, workspace=workspace, gpt=gpt, version=version, created_at=at,
                    is_positive=one.thumb == "up", reason="" if one.thumb == "up" else one.thumb,
                )
            )  # fmt: skip
    Conversation.objects.bulk_create(conversations)
    Turn.objects.bulk_create(turns)
    UsageEvent.objects.bulk_create(events)
    TurnFeedback.objects.bulk_create(thumbs)


def is_safe(rows: Iterable[Question]) -> bool:
    people = {one.person for one in rows}
    return not people or len(people) >= GROUP_SIZE


def list_in_bucket(questions: Iterable[Question], bucket: InsightBucket) -> list[Question]:
    return [one for one in questions if bucket.start_date <= DAY + timedelta(days=one.day) < bucket.end_date]


def read_final_rows() -> dict[Any, Any]:
    """Return all rows that must never change, by key."""
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
@given(questions=question_lists, days=readings)
def test_every_published_figure_and_every_difference_counts_five_people(
    stage: tuple[Any, ...], questions: list[Question], days: list[int]
) -> None:
    gpt, version, crowd, workspaces = stage
    with transaction.atomic():
        create_turns(questions, gpt, version, crowd, workspaces)
        for day in sorted(set(days)):
            before = read_final_rows()
            fill_insights(at=get_time(day))
            # A later run only adds rows.
            assert before.items() <= read_final_rows().items()
        _check_all(questions, gpt)
        transaction.set_rollback(True)


def _check_all(questions: list[Question], gpt: GPT) -> None:
    ended = [one for one in questions if not one.code]
    parts: dict[int, list[InsightPart]] = defaultdict(list)
    for part in InsightPart.objects.all():
        assert part.people % GROUP_SIZE == 0
        parts[part.bucket_id].append(part)
    for bucket in InsightBucket.objects.all():
        assert bucket.people % GROUP_SIZE == 0
        inside = list_in_bucket(ended, bucket)
        if bucket.series == "use":
            assert bucket.figures["turns"] == len(inside) and is_safe(inside)
            _check_parts(inside, parts[bucket.pk], "turns", lambda one: f"1|{one.model}")
        elif bucket.series == "outcome":
            failed = list_in_bucket([one for one in questions if one.code], bucket)
            assert bucket.figures == {"ended": len(inside), "failed": len(failed)}
            assert is_safe(inside) and is_safe(failed)
            _check_parts(failed, parts[bucket.pk], "count", lambda one: one.code)
        elif bucket.series == "answered":
            low = [one for one in inside if one.score is not None and one.score < ANSWERABLE_SCORE]
            found = [one for one in inside if one.score is not None and one not in low]
            other = [one for one in inside if one.score is None]
            assert bucket.figures == {"found": len(found), "low": len(low)}
            # The number of answers is published too, and with it the number without a look-up.
            assert all(is_safe(some) for some in (low, found, other))
        elif bucket.series == "thumbs":
            given_ = [one for one in inside if one.thumb]
            up = [one for one in given_ if one.thumb == "up"]
            down = [one for one in given_ if one.thumb != "up"]
            assert bucket.figures == {"positive": len(up), "negative": len(down)}
            assert is_safe(up) and is_safe(down)
            _check_parts(down, parts[bucket.pk], "count", lambda one: one.thumb)
    for reach in InsightReach.objects.all():
        assert reach.people % GROUP_SIZE == 0


def _check_parts(whole: list[Question], parts: list[InsightPart], figure: str, key_of: Any) -> None:
    """Check that the total minus any of the shown parts counts five people too."""
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
@given(
    questions=question_lists, ends=st.tuples(st.integers(0, DAYS), st.integers(1, DAYS), st.integers(-2, 2))
)
def test_two_overlapping_ranges_differ_by_whole_periods(
    stage: tuple[Any, ...], questions: list[Question], ends: tuple[int, int, int]
) -> None:
    gpt, version, crowd, workspaces = stage
    first, length, shift = ends
    start = DAY + timedelta(days=first)
    with transaction.atomic():
        create_turns(questions, gpt, version, crowd, workspaces)
        fill_insights(at=get_time(DAYS + 20))
        one = get_insights(gpt, Range(start, start + timedelta(days=length), None))
        other = get_insights(gpt, Range(start + timedelta(days=shift), start + timedelta(days=length), None))
        # The number of distinct people would reveal who came on the day between.
        assert one.people is None and other.people is None
        ended = [row for row in questions if not row.code]
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
    return list(csv.DictReader(StringIO(write_insights_csv(found).decode("utf-8-sig"))))


@FEW
@given(questions=question_lists)
def test_the_file_has_the_figures_of_the_page_and_no_others(
    stage: tuple[Any, ...], questions: list[Question]
) -> None:
    gpt, version, crowd, workspaces = stage
    with transaction.atomic():
        create_turns(questions, gpt, version, crowd, workspaces)
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


def test_a_stranger_among_the_creators_friends_is_not_revealed_by_a_second_reading() -> None:
    """Five friends of the creator come first, then one stranger, who alone must be in no figure."""
    gpt, version = create_gpt_with_version()
    crowd = create_readers(6)
    workspaces = [personal_workspace(user) for user in crowd]
    friends = [Question(person, 0, "small", "", None, "") for person in range(5)]
    create_turns(friends, gpt, version, crowd, workspaces)
    fill_insights(at=get_time(3))
    first = get_insights(gpt, Range(DAY, DAY + timedelta(days=9), None))
    alone = [Question(5, 4, "small", "slow", 0.0, ""), Question(5, 4, "small", "", 0.0, "wrong")]
    create_turns(alone, gpt, version, crowd, workspaces)
    fill_insights(at=get_time(8))
    second = get_insights(gpt, Range(DAY, DAY + timedelta(days=9), None))
    assert (second.turns, second.use) == (first.turns, first.use) == (5, first.use)
    assert (second.failures, second.thumbs, second.unanswered) == (first.failures, [], [])
    reach = InsightReach.objects.get(gpt=gpt, days=30)
    assert reach.people == 5


def test_a_period_never_counts_days_that_are_not_over() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(6)
    workspaces = [personal_workspace(user) for user in crowd]
    create_turns(
        [Question(person, 0, "small", "", None, "") for person in range(6)], gpt, version, crowd, workspaces
    )
    fill_insights(at=get_time(0, hour=23))
    assert get_insights(gpt, Range(DAY, DAY + timedelta(days=1), None)).use == []
    fill_insights(at=get_time(1))
    (period,) = get_insights(gpt, Range(DAY, date(2026, 3, 3), None)).use
    assert (period.start, period.end) == (DAY, date(2026, 3, 3))


def _satisfaction(gpt: GPT, day: int) -> float | None:
    """Return what a run of golden prompts reports about the thumbs of readers."""
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=get_time(day))
    while (result := claim_result(run_id=run.pk, at=get_time(day))) is not None:
        answer = read_answer(result, OfflineClient(pause_seconds=0))
        finish_result(result=result, answer=answer, at=get_time(day))
    run.refresh_from_db()
    found: float | None = run.metrics["satisfaction"]
    return found


def test_two_runs_of_golden_prompts_do_not_reveal_the_thumb_between_them() -> None:
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
