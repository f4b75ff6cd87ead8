"""Sums of the usage of workspaces, for operators: no event is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum

from gpts.metering.models import UsageEvent
from workspaces.queries import count_inside


@dataclass(frozen=True)
class UsageSum:
    """What the members of a workspace used; ``cost_micros`` in the instance's currency."""

    answers: int
    people: int
    tokens: int
    cost_micros: int


def sum_usage(workspace_id: int, *, since: datetime) -> UsageSum:
    """Return the usage that a workspace pays for since then. The caller has authorised an operator."""
    with count_inside([workspace_id]):
        found = UsageEvent.objects.filter(workspace_id=workspace_id, occurred_at__gte=since).aggregate(
            answers=Count("event_id"),
            people=Count("user_id", distinct=True),
            input=Sum("input_tokens"),
            output=Sum("output_tokens"),
            cost=Sum("cost_micros"),
        )
    return UsageSum(
        answers=found["answers"],
        people=found["people"],
        tokens=(found["input"] or 0) + (found["output"] or 0),
        cost_micros=found["cost"] or 0,
    )
