"""Companies, budgets and reservations for tests of metering."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.ids import uuid7
from gpts.assistants.models import GPT
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.services.budgets import Reservation, capture, create_budget, draft_budget, reserve
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from workspaces.models import Member, User, Workspace
from workspaces.services.members import add_member

NOW = datetime(2026, 11, 24, 10, 30, 20, tzinfo=UTC)


def create_owned_company() -> Workspace:
    """Create a company together with its owner, Olga."""
    return create_company(UserFactory.create(display_name="Olga"))


def add_new_member(workspace: Workspace, *, role: str = "member") -> User:
    """Add a new user with this role; for the role owner, return the workspace's owner instead."""
    owner = Member.objects.select_related("user").get(workspace=workspace, role="owner").user
    if role == "owner":
        return owner
    user = UserFactory.create(display_name="Ann")
    add_member(workspace=workspace, user=user, role=role, by=owner, at=NOW)
    return user


def create_monthly_budget(workspace: Workspace, by: User, **fields: Any) -> Budget:
    values: dict[str, Any] = {
        "name": "Monthly answers",
        "subject": "person",
        "is_each": True,
        "measure": "turns",
        "window": "month",
        "hard_limit": 3,
    } | fields
    return create_budget(budget=draft_budget(workspace=workspace, by=by, at=NOW, **values), by=by, at=NOW)


def reserve_turn(
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


def read_counters(budget: Budget) -> list[tuple[int | None, int, int]]:
    """(user, used, reserved) of all counters."""
    rows = BudgetUse.objects.filter(budget=budget).order_by("user_id", "window_start")
    return list(rows.values_list("user_id", "used", "reserved"))


def record_answers(user: User, place: Workspace, gpt: Any, *, answers: int = 1, at: datetime = NOW) -> None:
    """Count answers at ``at``: a web service of its own has the real clock, and asks for this month's."""
    for _number in range(answers):
        turn_id = uuid7(at)
        reserve_turn(user, place, gpt, turn_id=turn_id, at=at)
        capture(turn_id=turn_id, tokens=100, cost_micros=1_500, at=at)
