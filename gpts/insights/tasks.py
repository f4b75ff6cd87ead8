"""Jobs that compute insights: one task for each GPT."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.jobs import enqueue_on_commit, log_refused_task
from core.scope import system_scope
from gpts.insights.services.filling import fill_gpt_insights, list_gpts_to_fill


@shared_task(name="gpts.fill_insights")
def fill_insights() -> int:
    """Enqueue a task for each GPT whose figures lack days that are over. Running twice computes them once."""
    with system_scope("gpts.fill_insights"):
        waiting = list_gpts_to_fill(at=timezone.now())
        for gpt_id in waiting:
            enqueue_on_commit("gpts.fill_insights_of_gpt", gpt_id=gpt_id)
    return len(waiting)


@shared_task(name="gpts.fill_insights_of_gpt")
def fill_insights_of_gpt(*, gpt_id: int) -> None:
    """Compute one GPT's figures in one transaction. Running twice finds the days already read."""
    with system_scope("gpts.fill_insights"):
        if not fill_gpt_insights(gpt_id=gpt_id, at=timezone.now()):
            log_refused_task("gpts.fill_insights_of_gpt", "gpt_gone", gpt_id=gpt_id)
