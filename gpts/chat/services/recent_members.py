"""Counts how many members of its workspace used each GPT lately: the order of a private store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, QuerySet

from gpts.assistants.models import GPT
from gpts.chat.models import Turn
from gpts.llm.states import METERED_TURN_STATES

DAYS = 28


def count_recent_members(*, at: datetime) -> int:
    """Count the members whose answers their GPT's own workspace paid; return how many GPTs changed.

    A periodic job in a system scope. Idempotent: it counts anew. The owner counts as anybody does, as one.
    """
    used = (
        Turn.objects.filter(
            workspace_id=F("gpt__workspace_id"),
            gpt__workspace__person__isnull=True,
            version__isnull=False,
            state__in=METERED_TURN_STATES,
            started_at__gt=at - timedelta(days=DAYS),
        )
        .values("gpt")
        .annotate(people=Count("user", distinct=True))
    )
    changed = 0
    for gpt_id, people in used.values_list("gpt", "people").iterator():
        changed += GPT.objects.filter(pk=gpt_id).exclude(recent_members=people).update(recent_members=people)
    return changed + _forget_unused(used)


def _forget_unused(used: QuerySet[Turn, Any]) -> int:
    counted = GPT.objects.filter(recent_members__gt=0)
    return counted.exclude(pk__in=used.values("gpt")).update(recent_members=0)
