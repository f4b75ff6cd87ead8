"""Periodic and background work with money; every task is idempotent and calls one service."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from payouts.services.close import calculate_close, undecided_runs
from payouts.services.releases import release_due
from payouts.services.rollups import roll_up


@shared_task(name="payouts.roll_up")
def roll_up_usage() -> None:
    """A second run at the same time waits for the first and then finds nothing new."""
    with system_scope("payouts.roll_up"):
        roll_up(at=timezone.now())


@shared_task(name="payouts.release_due")
def release_due_holds() -> None:
    """Each hold is released under its own key, once."""
    with system_scope("payouts.release_due"):
        release_due(at=timezone.now())


@shared_task(name="payouts.calculate_close")
def calculate_started_close(*, run_id: int) -> None:
    """A run that is past calculating is left as it is."""
    with system_scope("payouts.calculate_close"):
        calculate_close(run_id=run_id, at=timezone.now())


@shared_task(name="payouts.resume_closes")
def resume_closes() -> None:
    """Take up runs whose worker died; those that still run hold the month's lock and are waited for."""
    with system_scope("payouts.resume_closes"):
        for run_id in undecided_runs():
            calculate_close(run_id=run_id, at=timezone.now())
