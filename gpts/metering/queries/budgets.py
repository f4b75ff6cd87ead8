"""Reads budgets with their current counters: those of a workspace, and those that apply to a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from gpts.metering.forecasts import Forecast, forecast_use
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.states import BudgetSubject, BudgetWindow
from gpts.metering.windows import get_window_bounds
from gpts.metering.wording import (
    describe_budget,
    describe_subject,
    format_amount,
    format_limit,
    format_percentages,
)
from workspaces.access import not_found
from workspaces.models import Group, GroupMember, User, Workspace
from workspaces.queries import get_user_roles, list_cost_centres, place_member

# Without a soft limit, the share of the limit from which a budget shows as close to it.
CLOSE_PERCENT = 90


@dataclass(frozen=True)
class CounterValues:
    """A counter of the current window; ``person`` is empty where everybody shares it."""

    user_id: int | None
    person: str
    used: int
    reserved: int

    @property
    def total(self) -> int:
        return self.used + self.reserved


@dataclass(frozen=True)
class BudgetLine:
    """A budget with its counters of the current window, the fullest first; texts in the active language."""

    budget: Budget
    counts: tuple[CounterValues, ...]
    opens_at: datetime
    at: datetime
    # Whether anybody's use is charged to the budget's cost centre; true for other budgets.
    has_people: bool = True

    @property
    def top(self) -> CounterValues:
        """The fullest counter; ``used``, ``share`` and ``state`` are about this one."""
        return self.counts[0] if self.counts else CounterValues(None, "", 0, 0)

    @property
    def limit(self) -> int:
        return self.budget.hard_limit or self.budget.soft_limit or 1

    @property
    def used(self) -> int:
        return self.top.total

    @property
    def gpt_slug(self) -> str | None:
        return None if self.budget.gpt is None else self.budget.gpt.slug

    @property
    def is_own(self) -> bool:
        return self.budget.has_personal_counters

    @property
    def people(self) -> list[dict[str, str]]:
        measure = self.budget.measure
        return [{"person": c.person, "used": format_amount(c.total, measure)} for c in self.counts]

    @property
    def shown_used(self) -> str:
        return format_amount(self.used, self.budget.measure)

    @property
    def shown_limit(self) -> str:
        return format_limit(self.limit, self.budget.measure, self.budget.window)

    @property
    def shown_soft(self) -> str:
        return format_amount(self.budget.soft_limit, self.budget.measure) if self.budget.soft_limit else ""

    @property
    def who(self) -> str:
        return describe_subject(self.budget)

    @property
    def sentence(self) -> str:
        return describe_budget(self.budget)

    @property
    def share(self) -> int:
        """Percentage of the limit that is used, at most 100."""
        return min(100, self.used * 100 // self.limit)

    @property
    def soft_share(self) -> int | None:
        soft = self.budget.soft_limit
        return None if soft is None or self.budget.hard_limit is None else soft * 100 // self.limit

    @property
    def has_forecast(self) -> bool:
        """Whether a forecast is made at all: of months, for counters that everybody shares."""
        budget = self.budget
        is_shared = not budget.has_personal_counters
        return budget.is_enabled and is_shared and budget.window == BudgetWindow.MONTH

    @property
    def counted_since(self) -> datetime:
        """When the counters of this window began: with it, or when the budget was set."""
        return max(get_window_bounds(self.budget.window, self.at).start, self.budget.created_at)

    @property
    def forecast(self) -> Forecast | None:
        """None also while there is too little to go by."""
        if not self.has_forecast:
            return None
        return forecast_use(
            used=self.top.used, since=self.counted_since, at=self.at, end=self.opens_at, limit=self.limit
        )

    @property
    def shown_forecast(self) -> str:
        return format_amount(self.forecast.amount, self.budget.measure) if self.forecast else ""

    @property
    def is_forecast_above(self) -> bool:
        return self.forecast is not None and self.forecast.amount > self.limit

    @property
    def shown_thresholds(self) -> str:
        return format_percentages(self.budget.thresholds)

    @property
    def state(self) -> str:
        """ "off", "full", "warned" (from the soft limit on, or from CLOSE_PERCENT without one) or "fine"."""
        if not self.budget.is_enabled:
            return "off"
        if self.budget.hard_limit is not None and self.used >= self.budget.hard_limit:
            return "full"
        if self.budget.soft_limit is not None:
            return "warned" if self.used >= self.budget.soft_limit else "fine"
        return "warned" if self.used * 100 >= self.limit * CLOSE_PERCENT else "fine"


def list_budgets(workspace: Workspace) -> QuerySet[Budget]:
    return _with_subjects(Budget.objects.filter(workspace=workspace)).order_by("name", "id")


def access_budget(workspace: Workspace, identifier: int) -> Budget:
    """Return a budget of ``workspace``, which the caller has authorised; raises NotFound for others."""
    found = list_budgets(workspace).filter(pk=identifier).first() if 0 < identifier < 2**63 else None
    if found is None:
        raise not_found()
    return found


def list_budget_lines(workspace: Workspace, *, at: datetime) -> list[BudgetLine]:
    """Return all budgets of a workspace with everybody's current counters; two to four queries."""
    return build_budget_lines(list_budgets(workspace), at=at)


def build_budget_lines(budgets: Iterable[Budget], *, at: datetime) -> list[BudgetLine]:
    """Add everybody's current counters to budgets; one query, and two where one is of a cost centre."""
    return _build_lines(list(budgets), None, at=at)


def build_budget_line(budget: Budget, *, at: datetime) -> BudgetLine:
    return _build_lines([budget], None, at=at)[0]


def list_own_limits(user: User, *, at: datetime, workspace_id: int | None = None) -> list[BudgetLine]:
    """Return the enabled budgets that count ``user``, in all of their workspaces or in one of them.

    Each has the person's own counter or the shared one, nobody else's. Two queries besides the person's
    roles, and two for each workspace with budgets of cost centres.
    """
    workspaces = [
        member.workspace_id
        for member in get_user_roles(user).memberships
        if workspace_id in (None, member.workspace_id)
    ]
    groups = GroupMember.objects.filter(member__user=user).values("group_id")
    counts_user = (
        Q(subject__in=[BudgetSubject.WORKSPACE, BudgetSubject.GPT, BudgetSubject.COST_CENTRE])
        | Q(subject=BudgetSubject.PERSON, is_each=True)
        | Q(user=user)
        | Q(group__in=groups)
    )
    found = _with_subjects(Budget.objects.filter(counts_user, workspace__in=workspaces, is_enabled=True))
    ordered = list(found.order_by("workspace__name", "name", "id"))
    places = {one.workspace_id for one in ordered if one.subject == BudgetSubject.COST_CENTRE}
    codes = {place: place_member(place, user.pk).cost_centre for place in places}
    own = [one for one in ordered if one.cost_centre in ("", codes.get(one.workspace_id, ""))]
    return _build_lines(own, user, at=at)


def list_group_choices(workspace: Workspace) -> list[tuple[int, str]]:
    return list(Group.objects.filter(workspace=workspace).order_by("name").values_list("pk", "name"))


def _with_subjects(budgets: QuerySet[Budget]) -> QuerySet[Budget]:
    return budgets.select_related("workspace", "user", "group", "gpt")


def _build_lines(budgets: list[Budget], user: User | None, *, at: datetime) -> list[BudgetLine]:
    """Add the current counters: everybody's, or only those that count ``user``."""
    current = Q(pk__in=[])
    for window in BudgetWindow.values:
        ids = [budget.pk for budget in budgets if budget.window == window]
        if ids:
            current |= Q(budget__in=ids, window_start=get_window_bounds(window, at).start)
    if user is not None:
        current &= Q(user=user) | Q(user__isnull=True)
    counts: dict[int, list[CounterValues]] = {}
    if budgets:
        for use in BudgetUse.objects.filter(current).select_related("user").order_by("-used", "id"):
            person = "" if use.user is None else str(use.user)
            counter = CounterValues(use.user_id, person, use.used, use.reserved)
            counts.setdefault(use.budget_id, []).append(counter)
    known: dict[int, list[str]] = {}
    if user is None:
        owners = {one.workspace_id: one.workspace for one in budgets if one.cost_centre}
        known = {key: list_cost_centres(workspace) for key, workspace in owners.items()}
    return [
        BudgetLine(
            budget,
            tuple(counts.get(budget.pk, ())),
            get_window_bounds(budget.window, at).end,
            at,
            has_people=not budget.cost_centre
            or user is not None
            or budget.cost_centre in known[budget.workspace_id],
        )
        for budget in budgets
    ]
