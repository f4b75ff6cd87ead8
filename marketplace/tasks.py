"""Periodic work of the store."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from marketplace.services.scores import compute_scores
from marketplace.services.withdrawals import follow_deletions


@shared_task(name="marketplace.compute_scores")
def compute_store_scores() -> None:
    """Recompute all figures and ranks; idempotent, as the result depends on the moment alone."""
    with system_scope("marketplace.compute_scores"):
        compute_scores(at=timezone.now())


@shared_task(name="marketplace.follow_deletions")
def follow_deleted_gpts() -> None:
    """Take GPTs out of the store whose owners deleted them; idempotent, as it finds only those that stand."""
    with system_scope("marketplace.follow_deletions"):
        follow_deletions(at=timezone.now())
