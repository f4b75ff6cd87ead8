"""From turns into figures: once, after the day is over, of five people at least, of nobody in particular."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gpts.assistants.services.versions import freeze_version
from gpts.chat.models import Conversation
from gpts.insights.models import InsightBucket, InsightPart
from gpts.insights.queries import UnansweredWords, Word, get_insights
from gpts.insights.ranges import Range, get_preset_range
from gpts.insights.services.filling import fill_insights
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.insights import (
    DAY,
    create_ended_turn,
    create_gpt_with_version,
    create_readers,
    get_time,
    read_all_insights,
)
from tests.support.times import NOW

pytestmark = pytest.mark.django_db

MONTH = Range(DAY - timedelta(days=1), DAY + timedelta(days=40), None)


def test_four_people_leave_nothing_and_the_fifth_closes_the_period() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(5)
    for person in crowd[:4]:
        create_ended_turn(person, gpt, version, 0)
    fill_insights(at=get_time(1))
    assert InsightBucket.objects.count() == 0
    assert get_insights(gpt, MONTH).use == []

    create_ended_turn(crowd[4], gpt, version, 2)
    fill_insights(at=get_time(3))
    (period,) = get_insights(gpt, MONTH).use
    assert (period.start, period.last, period.people, period.turns, period.conversations) == (
        DAY, DAY + timedelta(days=2), 5, 5, 5,
    )  # fmt: skip
    assert (period.tokens, period.cost_micros) == (150, 35)
    assert period.total.p50 == pytest.approx(4.0, rel=0.16)


def test_the_day_that_runs_waits() -> None:
    gpt, version = create_gpt_with_version()
    for person in create_readers(6):
        create_ended_turn(person, gpt, version, 0)
    assert fill_insights(at=get_time(0, hour=23)) == 0
    assert fill_insights(at=get_time(1, hour=0)) == 0
    assert fill_insights(at=get_time(1, hour=1)) == 1


def test_twice_is_the_same_and_deleting_chats_changes_no_history() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(6)
    for day in (0, 1):
        for person in crowd:
            create_ended_turn(person, gpt, version, day, thumb=True, score=0.9)
    assert fill_insights(at=get_time(2)) == 1
    before = read_all_insights()
    assert fill_insights(at=get_time(2)) == 0
    Conversation.objects.filter(user__in=crowd[:3]).delete()
    for person in crowd:
        create_ended_turn(person, gpt, version, 2)
    assert fill_insights(at=get_time(3)) == 1
    after = read_all_insights()
    assert [row for row in after[0] if row in before[0]] == before[0]
    assert [row for row in after[1] if row in before[1]] == before[1]
    assert [period.turns for period in get_insights(gpt, MONTH).use] == [6, 6, 6]


def test_previews_and_the_owners_own_use_do_not_count() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(5)
    for person in crowd[:4]:
        create_ended_turn(person, gpt, version, 0)
    create_ended_turn(gpt.owner, gpt, version, 0)
    create_ended_turn(crowd[4], gpt, None, 0)
    fill_insights(at=get_time(1))
    assert InsightBucket.objects.count() == 0


def test_a_small_version_is_hidden_in_a_rest_of_five() -> None:
    gpt, first = create_gpt_with_version()
    gpt.instructions = "Others."
    gpt.save()
    second = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    crowd = create_readers(13)
    for person in crowd[:6]:
        create_ended_turn(person, gpt, first, 0)
    for person in crowd[6:12]:
        create_ended_turn(person, gpt, first, 0, model="large")
    create_ended_turn(crowd[12], gpt, second, 0)
    # It could be shown, but the second version may yet get its people.
    for day in (1, 2):
        fill_insights(at=get_time(day))
        assert get_insights(gpt, MONTH).use == []
    fill_insights(at=get_time(3))
    found = get_insights(gpt, MONTH)
    assert found.turns == 13
    assert [(part.key, part.turns) for part in found.versions] == [("1", 6), ("", 7)]
    assert [(part.key, part.turns) for part in found.models] == [("small", 6), ("", 7)] or [
        (part.key, part.turns) for part in found.models
    ] == [("large", 6), ("", 7)]


def test_failures_wait_until_five_people_had_one_and_rare_codes_stay_together() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(12)
    for day in (0, 1):
        for person in crowd:
            create_ended_turn(person, gpt, version, day)
    for person in crowd[:3]:
        create_ended_turn(person, gpt, version, 0, code="provider_down")
    fill_insights(at=get_time(1))
    assert get_insights(gpt, MONTH).failures == []
    for person in crowd[3:9]:
        create_ended_turn(
            person, gpt, version, 1, code="provider_down" if person in crowd[3:5] else "rate_limited"
        )
    fill_insights(at=get_time(2))
    assert get_insights(gpt, MONTH).failures == []
    # The rarer code got its fifth person on no day of the two weeks that it had.
    fill_insights(at=get_time(14))
    found = get_insights(gpt, MONTH)
    assert [(share.count, share.whole) for share in found.failures] == [(9, 33)]
    # Five had "provider_down", four "rate_limited": either would tell of the other.
    assert [(part.key, part.turns) for part in found.codes] == [("", 9)]


def test_thumbs_with_reasons() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(16)
    for number, person in enumerate(crowd):
        create_ended_turn(
            person,
            gpt,
            version,
            0,
            thumb=number < 6,
            reason="" if number < 6 else "wrong" if number < 11 else "style",
        )
    fill_insights(at=get_time(1))
    found = get_insights(gpt, MONTH)
    assert [(share.count, share.whole) for share in found.thumbs] == [(6, 16)]
    assert [(part.key, part.turns) for part in found.reasons] == [("style", 5), ("wrong", 5)]


def test_words_of_unanswered_questions_need_five_people_and_stay_in_their_company() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(12)
    for person in crowd[:6]:
        create_ended_turn(person, gpt, version, 0, text="Where is the parking permit?", score=0.0)
    for person in crowd[6:]:
        create_ended_turn(person, gpt, version, 0, text="holiday", score=0.9)
    owner = UserFactory.create()
    elsewhere = create_company(owner)
    for person in crowd[:6]:
        create_ended_turn(person, gpt, version, 0, text="our merger", score=0.1, workspace=elsewhere)
    create_ended_turn(crowd[7], gpt, version, 0, text="secret project", score=0.0)
    for person in crowd[:5]:
        gone = create_ended_turn(person, gpt, version, 0, text="forgotten tunnel", score=0.0).conversation
        Conversation.objects.filter(pk=gone.pk).update(deleted_at=get_time(0))
        brief = create_ended_turn(person, gpt, version, 0, text="passing whim", score=0.0).conversation
        Conversation.objects.filter(pk=brief.pk).update(is_temporary=True, expires_at=get_time(1))
    fill_insights(at=get_time(1))
    found = get_insights(gpt, MONTH)
    assert [(share.count, share.whole) for share in found.unanswered] == [(23, 29)]
    assert found.words is None

    for person in crowd[6:]:
        create_ended_turn(person, gpt, version, 28, score=0.9)
    fill_insights(at=get_time(29))
    found = get_insights(gpt, MONTH)
    assert found.words == UnansweredWords(
        DAY, DAY + timedelta(days=29), (Word("parking", 5), Word("permit", 5))
    )
    assert InsightPart.objects.filter(kind="term").count() == 2


def test_a_week_of_people_comes_back_or_not() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(11)
    for person in crowd:
        create_ended_turn(person, gpt, version, 0)
    for person in crowd[:6]:
        create_ended_turn(person, gpt, version, 8)
    for person in crowd[:2]:
        create_ended_turn(person, gpt, version, 15)
    fill_insights(at=get_time(28))
    (cohort,) = get_insights(gpt, MONTH).cohorts
    assert (cohort.week, cohort.size) == (DAY, 11)
    assert [cell.active for cell in cohort.cells] == [6, None, 0]


def test_people_of_a_month_are_not_the_sum_of_its_days() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(7)
    for day in range(3):
        for person in crowd:
            create_ended_turn(person, gpt, version, day)
    fill_insights(at=get_time(3))
    found = get_insights(gpt, get_preset_range(7, today=DAY + timedelta(days=3)))
    assert (found.people, found.turns) == (5, 21)


def test_reading_takes_the_same_queries_for_one_period_and_for_three(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(6)
    for days in (1, 3):
        for day in range(days):
            for person in crowd:
                create_ended_turn(person, gpt, version, day + days * 7)
        fill_insights(at=get_time(days * 7 + days))
        with django_assert_num_queries(6):  # type: ignore[operator]
            get_insights(gpt, get_preset_range(30, today=DAY + timedelta(days=days * 7 + days)))
