"""Jobs of this floor."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.streaming.lost import interrupt_lost_turns


@shared_task(name="gpts.reap_lost_turns")
def reap_lost_turns() -> int:
    """End turns whose web process died. Running twice finds nothing the second time."""
    with system_scope("gpts.reap_lost_turns"):
        return interrupt_lost_turns(at=timezone.now())
