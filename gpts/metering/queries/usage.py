"""Reads usage events for the person who caused them; insights and payouts read their own aggregates."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery

from gpts.assistants.queries.gpts import list_visible_gpts
from gpts.metering.models import UsageEvent
from workspaces.models import User


def list_own_usage(user: User) -> QuerySet[UsageEvent]:
    """Return the events of ``user``, newest first; ``gpt_slug`` is None for GPTs that they cannot find."""
    visible = list_visible_gpts(user).filter(pk=OuterRef("gpt_id")).order_by()
    return (
        UsageEvent.objects.filter(user_id=user.pk)
        .annotate(gpt_slug=Subquery(visible.values("slug")[:1]))
        .order_by("-occurred_at", "-event_id")
    )
