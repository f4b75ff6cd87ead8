"""Periodic and background jobs. Every task is idempotent and calls one service."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.jobs import log_refused_task
from core.scope import system_scope
from payouts.services.close import calculate_close, list_unfinished_runs
from payouts.services.releases import release_due_earnings
from payouts.services.rollups import roll_up


@shared_task(name="payouts.roll_up")
def roll_up_usage() -> None:
    """Idempotent: a concurrent run waits for the row lock and then finds nothing new."""
    with system_scope("payouts.roll_up"):
        roll_up(at=timezone.now())


@shared_task(name="payouts.release_due")
def release_due_holds() -> None:
    """Idempotent: each release has one idempotency key."""
    with system_scope("payouts.release_due"):
        release_due_earnings(at=timezone.now())


@shared_task(name="payouts.calculate_close")
def calculate_started_close(*, run_id: int) -> None:
    """Idempotent: a run that is calculated already is left unchanged."""
    with system_scope("payouts.calculate_close"):
        if run_id in list_unfinished_runs():
            calculate_close(run_id=run_id, at=timezone.now())
        else:
            log_refused_task("payouts.calculate_close", "not_calculating", run_id=run_id)


@shared_task(name="payouts.resume_closes")
def resume_closes() -> None:
    """Calculate runs whose worker died. Waits for the month's lock while another worker still calculates."""
    with system_scope("payouts.resume_closes"):
        for run_id in list_unfinished_runs():
            calculate_close(run_id=run_id, at=timezone.now())
