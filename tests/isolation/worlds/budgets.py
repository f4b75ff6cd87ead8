"""A budget of Alpha with the usage of two people, too high to stop anybody."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from core.ids import uuid7
from gpts.metering.services.budgets import capture, create_budget, draft_budget, reserve


def build(world: Any) -> None:
    owner, now = world.people["owner"], timezone.now()
    draft = draft_budget(
        workspace=world.alpha,
        name="Alpha's answers",
        subject="person",
        is_each=True,
        measure="turns",
        window="month",
        soft_limit=10**9,
        by=owner,
        at=now,
    )
    budget = create_budget(budget=draft, by=owner, at=now)
    for name in ("owner", "member"):
        turn_id = uuid7(now)
        reserve(
            user=world.people[name],
            workspace_id=world.alpha.pk,
            gpt=world.gpts["alpha"],
            turn_id=turn_id,
            estimated_tokens=10,
            estimated_micros=10,
            at=now,
        )
        capture(turn_id=turn_id, tokens=10, cost_micros=10, at=now)
    world.ids["budget"] = budget.pk
