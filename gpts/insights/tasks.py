"""Jobs of insights: one task fills one GPT."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.jobs import enqueue_on_commit
from core.scope import system_scope
from gpts.insights.services.filling import fill_gpt_insights, list_gpts_to_fill


@shared_task(name="gpts.fill_insights")
def fill_insights() -> int:
    """Have the figures made of days that are over. Running twice asks twice, which fills once."""
    with system_scope("gpts.fill_insights"):
        waiting = list_gpts_to_fill(at=timezone.now())
        for gpt_id in waiting:
            enqueue_on_commit("gpts.fill_insights_of_gpt", gpt_id=gpt_id)
    return len(waiting)


@shared_task(name="gpts.fill_insights_of_gpt")
def fill_insights_of_gpt(*, gpt_id: int) -> None:
    """Fill one GPT's figures in one transaction. Running twice finds the days read."""
    with system_scope("gpts.fill_insights"):
        fill_gpt_insights(gpt_id=gpt_id, at=timezone.now())
