"""Marks GPTs that enough people have used for the number of their conversations to be shown."""

from __future__ import annotations

from django.db.models import Count, F

from core.min_group import MIN_GROUP
from gpts.assistants.models import GPT
from gpts.chat.models import Turn
from gpts.llm.states import METERED_TURN_STATES

BATCH = 1_000


def mark_used_gpts() -> int:
    """Mark GPTs with answers to MIN_GROUP people besides their owner; return how many are new.

    A periodic job in a system scope. Idempotent: a mark stays, because the count behind it only grows.
    """
    candidates = GPT.objects.filter(has_min_group=False, conversation_count__gte=MIN_GROUP)
    used = (
        Turn.objects.filter(
            gpt__in=candidates.order_by("-updated_at").values("pk")[:BATCH],
            version__isnull=False,
            state__in=METERED_TURN_STATES,
        )
        .exclude(user=F("gpt__owner"))
        .values("gpt")
        .annotate(people=Count("user", distinct=True))
        .filter(people__gte=MIN_GROUP)
    )
    return GPT.objects.filter(pk__in=used.values("gpt")).update(has_min_group=True)
