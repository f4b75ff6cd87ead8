"""Jobs of metering."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.metering.services.partitions import add_partitions


@shared_task(name="gpts.add_usage_partitions")
def add_usage_partitions() -> int:
    """Add the months of usage events that will be needed. Running twice adds nothing the second time."""
    with system_scope("gpts.add_usage_partitions"):
        return add_partitions(at=timezone.now())
