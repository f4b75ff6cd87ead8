"""Jobs of metering."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.metering.services.gpt_use import count_gpt_use
from gpts.metering.services.partitions import add_partitions
from gpts.metering.services.usage_days import add_usage_to_days


@shared_task(name="gpts.add_usage_partitions")
def add_usage_partitions() -> int:
    """Add the months of usage events that will be needed. Running twice adds nothing the second time."""
    with system_scope("gpts.add_usage_partitions"):
        return add_partitions(at=timezone.now())


@shared_task(name="gpts.add_usage_to_days")
def add_usage_to_sums() -> int:
    """Add new usage to the sums by day. Idempotent: each event is counted once, however often this runs."""
    with system_scope("gpts.add_usage_to_days"):
        return add_usage_to_days()


@shared_task(name="gpts.count_gpt_use")
def count_use_of_gpts() -> int:
    """Count the use of each GPT inside its workspace. Idempotent: it counts anew from the sums by day."""
    with system_scope("gpts.count_gpt_use"):
        return count_gpt_use(at=timezone.now())
