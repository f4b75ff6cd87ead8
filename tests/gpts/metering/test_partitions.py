"""Usage events are partitioned by month, and the months are there before they are needed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from config.celery import SCHEDULE
from gpts.metering.models import UsageEvent
from gpts.metering.services.partitions import MONTHS_AHEAD, add_partitions
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import UserFactory

pytestmark = pytest.mark.django_db


def count_partitions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'gpts_usageevent'::regclass")
        return int(cursor.fetchone()[0])


def test_months_are_added_before_the_last_one_ends_and_take_events() -> None:
    at = datetime(2028, 12, 31, 12, tzinfo=UTC)
    before = count_partitions()

    assert add_partitions(at=at) == MONTHS_AHEAD  # December 2028 is there since the first migration
    assert add_partitions(at=at) == 0
    assert count_partitions() == before + MONTHS_AHEAD
    late = UsageEventFactory.create(
        gpt=GPTFactory.create(), user=UserFactory.create(), at=datetime(2031, 12, 31, 23, 59, tzinfo=UTC)
    )
    assert UsageEvent.objects.filter(pk=late.pk).exists()
    assert SCHEDULE["gpts: add months of usage events"]["task"] == "gpts.add_usage_partitions"
