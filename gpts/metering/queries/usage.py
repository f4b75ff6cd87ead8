"""Queries for usage events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import (
    Count,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce

from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_visible_gpts
from gpts.metering.models import UsageEvent


def usage_events(
    *, start: datetime, end: datetime, gpt: GPT | None = None, user_id: int | None = None
) -> QuerySet[UsageEvent]:
    """Metered turns of a half-open stretch of time, oldest first; the scope limits what is seen."""
    found = UsageEvent.objects.filter(occurred_at__gte=start, occurred_at__lt=end)
    if gpt is not None:
        found = found.filter(gpt_id=gpt.pk)
    if user_id is not None:
        found = found.filter(user_id=user_id)
    return found.order_by("occurred_at", "event_id")


def usage_by(user: Any) -> QuerySet[UsageEvent]:
    """Return the turns that ``user`` had, newest first; ``gpt_slug`` while they may find the GPT."""
    visible = list_visible_gpts(user).filter(pk=OuterRef("gpt_id")).order_by()
    return (
        UsageEvent.objects.filter(user_id=user.pk)
        .annotate(gpt_slug=Subquery(visible.values("slug")[:1]))
        .order_by("-occurred_at", "-event_id")
    )


def usage_totals(events: QuerySet[UsageEvent]) -> dict[str, int]:
    """Sum events: turns, distinct people, tokens, cost in micro-units."""
    return events.aggregate(
        turns=Count("event_id"),
        people=Count("user_id", distinct=True),
        input_tokens=Coalesce(Sum("input_tokens"), 0),
        output_tokens=Coalesce(Sum("output_tokens"), 0),
        cost_micros=Coalesce(Sum("cost_micros"), 0),
    )
