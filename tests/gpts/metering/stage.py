"""What tests of budgets stand on: a company, people, a GPT, a budget, a turn's id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.ids import uuid7
from gpts.assistants.models import GPT
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.services.budgets import Reservation, create_budget, draft_budget, reserve
from tests.gpts.studio.stage import a_company as build_company
from tests.gpts.studio.stage import a_user
from workspaces.models import Member, User, Workspace
from workspaces.services.members import add_member

NOW = datetime(2026, 11, 24, 10, 30, 20, tzinfo=UTC)


def a_company() -> Workspace:
    return build_company(a_user("Olga"))


def join(workspace: Workspace, *, role: str = "member") -> User:
    """A new member of this role; the company's one owner for "owner"."""
    owner = Member.objects.select_related("user").get(workspace=workspace, role="owner").user
    if role == "owner":
        return owner
    user = a_user("Ann")
    add_member(workspace=workspace, user=user, role=role, by=owner, at=NOW)
    return user


def a_budget(workspace: Workspace, by: User, **fields: Any) -> Budget:
    values: dict[str, Any] = {
        "name": "Monthly answers",
        "subject": "person",
        "is_each": True,
        "measure": "turns",
        "window": "month",
        "hard_limit": 3,
    } | fields
    return create_budget(budget=draft_budget(workspace=workspace, by=by, at=NOW, **values), by=by, at=NOW)


def hold(
    user: User,
    workspace: Workspace,
    gpt: GPT,
    *,
    tokens: int = 100,
    micros: int = 1_000,
    at: datetime = NOW,
    turn_id: UUID | None = None,
) -> Reservation:
    return reserve(
        user=user,
        workspace_id=workspace.pk,
        gpt=gpt,
        turn_id=turn_id or uuid7(at),
        estimated_tokens=tokens,
        estimated_micros=micros,
        at=at,
    )


def counts(budget: Budget) -> list[tuple[int | None, int, int]]:
    """(user, used, reserved) of all counters."""
    rows = BudgetUse.objects.filter(budget=budget).order_by("user_id", "window_start")
    return list(rows.values_list("user_id", "used", "reserved"))
