"""Jobs about the retirement of models."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.services.model_retirement import remind_owners


@shared_task(name="gpts.remind_of_retirements")
def remind_of_retirements() -> int:
    """Notify owners of GPTs two weeks before a model's last day. Running twice notifies nobody twice."""
    with system_scope("gpts.remind_of_retirements"):
        return remind_owners(at=timezone.now())
