"""The hourly job in a real worker, and row-level security of the tables that it writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.celery import SCHEDULE
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.insights.models import InsightBucket, InsightReach, InsightState
from gpts.insights.services.facts import list_waiting_gpts
from gpts.insights.services.filling import fill_insights as fill_now
from gpts.insights.tasks import fill_insights
from gpts.metering.models import UsageEvent
from tests.support.insights import DAY, create_ended_turn, create_gpt_with_version, create_readers, get_time
from tests.support.servers import servers
from tests.support.services import WorkerService
from tests.support.waiting import wait_for
from workspaces.access import personal_workspace
from workspaces.models import User

TABLES = ("bucket", "part", "cohort", "reach", "state")


def _create_used_gpt() -> GPT:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(12)
    for day in (0, 8):
        for person in crowd if day == 0 else crowd[:6]:
            create_ended_turn(person, gpt, version, day, thumb=True, score=0.9)
    return gpt


@pytest.mark.django_db(transaction=True)
def test_the_worker_computes_figures_of_gpts_with_new_use(worker: WorkerService) -> None:
    with system_scope("tests"):
        gpt, idle = _create_used_gpt(), create_gpt_with_version()[0]
    fill_insights.delay()
    with system_scope("tests"):
        state = wait_for(lambda: InsightState.objects.filter(gpt=gpt).first())
        assert state.read_until == (timezone.now() - timedelta(hours=1)).date()
        assert InsightBucket.objects.filter(gpt=gpt, series="use").count() == 2
        assert not InsightState.objects.filter(gpt=idle).exists()
        assert list_waiting_gpts(until=state.read_until, limit=9) == []
    assert SCHEDULE["gpts: fill insights"]["task"] == fill_insights.name


@pytest.mark.django_db
def test_a_gpt_without_new_use_is_computed_until_its_reach_is_empty() -> None:
    """Otherwise the people of the last 30 days would be those of 30 days long ago."""
    gpt = _create_used_gpt()
    assert fill_now(at=get_time(9)) == 1
    assert InsightReach.objects.filter(gpt=gpt).count() == 3
    assert fill_now(at=get_time(20)) == 1
    assert set(InsightReach.objects.filter(gpt=gpt).values_list("days", flat=True)) == {30, 90}
    assert fill_now(at=get_time(120)) == 1
    assert not InsightReach.objects.filter(gpt=gpt).exists()
    assert fill_now(at=get_time(121)) == 0


@pytest.mark.django_db
def test_a_new_owner_who_was_counted_before_breaks_nothing() -> None:
    gpt, version = create_gpt_with_version()
    crowd = create_readers(5)
    for person in crowd:
        create_ended_turn(person, gpt, version, 0)
    fill_now(at=get_time(1))
    gpt.owner = crowd[0]
    gpt.save()
    fill_now(at=get_time(2))
    assert not InsightReach.objects.filter(gpt=gpt).exists()
    assert InsightBucket.objects.filter(gpt=gpt, series="use").count() == 1


def _count_visible_rows(raw: psycopg.Connection[Any], user: User | None) -> list[int]:
    with raw.transaction():
        raw.execute("SELECT set_config('loggia.workspace_ids', '{}', true)")  # a visitor
        if user is not None:
            ids = f"{{{personal_workspace(user).pk}}}"
            raw.execute("SELECT set_config('loggia.user_id', %s, true)", [str(user.pk)])
            raw.execute("SELECT set_config('loggia.workspace_ids', %s, true)", [ids])
        return [
            row[0] for table in TABLES for row in raw.execute(f"SELECT count(*) FROM gpts_insight{table}")
        ]


@pytest.mark.django_db(transaction=True)
def test_row_level_security_hides_figures_from_everybody_else() -> None:
    with system_scope("tests"):
        gpt, stranger = _create_used_gpt(), create_readers(1)[0]
        fill_now(at=get_time(30))
    with psycopg.connect(servers.url("app", settings.DATABASE_NAME), autocommit=True) as raw:
        assert min(_count_visible_rows(raw, gpt.owner)) > 0
        assert _count_visible_rows(raw, stranger) == _count_visible_rows(raw, None) == [0] * len(TABLES)
        raw.execute("SELECT set_config('loggia.user_id', %s, false)", [str(gpt.owner_id)])
        raw.execute("SELECT set_config('loggia.workspace_ids', %s, false)", [f"{{{gpt.workspace_id}}}"])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(
                "INSERT INTO gpts_insightreach (gpt_id, days, end_date, people) VALUES (%s, 7, %s, 500)",
                [gpt.pk, DAY],
            )
    with psycopg.connect(servers.url("owner", settings.DATABASE_NAME), autocommit=True) as owner:
        forced = owner.execute(
            "SELECT count(*) FROM pg_class WHERE relname LIKE 'gpts\\_insight%' AND relkind = 'r'"
            " AND relrowsecurity AND relforcerowsecurity"
        ).fetchone()
        assert forced == (len(TABLES),)


@pytest.mark.django_db
def test_computing_takes_the_same_queries_for_6_and_for_12_people() -> None:
    counts = []
    for size in (6, 12):
        gpt, version = create_gpt_with_version()
        for person in create_readers(size):
            for _time in range(size // 6):
                create_ended_turn(person, gpt, version, 0, thumb=True, score=0.9)
        with transaction.atomic(), CaptureQueriesContext(connection) as found:
            fill_now(at=get_time(1))
        assert sum("gpts_message" in query["sql"] for query in found) == 0
        counts.append(len(found))
    assert counts[0] == counts[1]
    assert UsageEvent.objects.count() == 6 + 24
