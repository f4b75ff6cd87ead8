"""Reading budgets: a workspace's, with what is used; and those that a person stands under."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from gpts.assistants.models import GPT
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.states import BudgetSubject, BudgetWindow
from gpts.metering.windows import window_end, window_start
from gpts.metering.wording import amount_words, limit_words, sentence, subject_words
from workspaces.access import not_found
from workspaces.models import Group, GroupMember, User, Workspace
from workspaces.queries import get_user_roles

CHOICES = 200


@dataclass(frozen=True)
class Count:
    """A counter of the present window; ``person`` is empty where everybody counts together."""

    user_id: int | None
    person: str
    used: int
    reserved: int


@dataclass(frozen=True)
class BudgetLine:
    """A budget with its counters of the present window, the fullest first; words in the active language."""

    budget: Budget
    counts: tuple[Count, ...]
    opens_at: datetime

    @property
    def top(self) -> Count:
        return self.counts[0] if self.counts else Count(None, "", 0, 0)

    @property
    def limit(self) -> int:
        return self.budget.hard_limit or self.budget.soft_limit or 1

    @property
    def used(self) -> int:
        return self.top.used + self.top.reserved

    @property
    def gpt_slug(self) -> str | None:
        return None if self.budget.gpt is None else self.budget.gpt.slug

    @property
    def is_own(self) -> bool:
        """Whether the reader has a count of their own in it."""
        return self.budget.is_each or self.budget.user_id is not None

    @property
    def people(self) -> list[dict[str, str]]:
        measure = self.budget.measure
        return [{"person": c.person, "used": amount_words(c.used + c.reserved, measure)} for c in self.counts]

    @property
    def shown_used(self) -> str:
        return amount_words(self.used, self.budget.measure)

    @property
    def shown_limit(self) -> str:
        return limit_words(self.limit, self.budget.measure, self.budget.window)

    @property
    def shown_soft(self) -> str:
        return amount_words(self.budget.soft_limit, self.budget.measure) if self.budget.soft_limit else ""

    @property
    def who(self) -> str:
        return subject_words(self.budget)

    @property
    def sentence(self) -> str:
        return sentence(self.budget)

    @property
    def share(self) -> int:
        """Per cent of the limit, at most 100."""
        return min(100, self.used * 100 // self.limit)

    @property
    def soft_share(self) -> int | None:
        soft = self.budget.soft_limit
        return None if soft is None or self.budget.hard_limit is None else soft * 100 // self.limit

    @property
    def state(self) -> str:
        """ "off", "full", "warned" or "fine"."""
        if not self.budget.is_enabled:
            return "off"
        if self.budget.hard_limit is not None and self.used >= self.budget.hard_limit:
            return "full"
        return "warned" if self.budget.soft_limit and self.used >= self.budget.soft_limit else "fine"


def budgets_of(workspace: Workspace) -> QuerySet[Budget]:
    return (
        Budget.objects.filter(workspace=workspace)
        .select_related("workspace", "user", "group", "gpt")
        .order_by("name", "id")
    )


def access_budget(workspace: Workspace, identifier: int) -> Budget:
    """Return a budget of a workspace that was authorised; NotFound for any other's."""
    found = budgets_of(workspace).filter(pk=identifier).first() if 0 < identifier < 2**63 else None
    if found is None:
        raise not_found()
    return found


def budget_lines(workspace: Workspace, *, at: datetime) -> list[BudgetLine]:
    """All budgets of a workspace with the counters of their present windows; two queries."""
    return lines_of(budgets_of(workspace), at=at)


def lines_of(budgets: Iterable[Budget], *, at: datetime) -> list[BudgetLine]:
    """Budgets of a workspace that was authorised, with the counters of everybody; one more query."""
    return _lines(list(budgets), None, at=at)


def line_of(budget: Budget, *, at: datetime) -> BudgetLine:
    return _lines([budget], None, at=at)[0]


def own_limits(user: User, *, at: datetime, workspace_id: int | None = None) -> list[BudgetLine]:
    """The budgets that count this person, in all of their workspaces or in one of them: with their own count
    where each has one, with everybody's where all share. Two queries and the standing."""
    places = [
        seat.workspace_id
        for seat in get_user_roles(user).memberships
        if workspace_id in (None, seat.workspace_id)
    ]
    groups = GroupMember.objects.filter(member__user=user).values("group_id")
    mine = (
        Q(subject__in=[BudgetSubject.WORKSPACE, BudgetSubject.GPT])
        | Q(subject=BudgetSubject.PERSON, is_each=True)
        | Q(user=user)
        | Q(group__in=groups)
    )
    found = (
        Budget.objects.filter(mine, workspace__in=places, is_enabled=True)
        .select_related("workspace", "user", "group", "gpt")
        .order_by("workspace__name", "name", "id")
    )
    return _lines(list(found), user, at=at)


def group_choices(workspace: Workspace) -> list[tuple[int, str]]:
    return list(Group.objects.filter(workspace=workspace).order_by("name").values_list("pk", "name"))


def gpt_choices(workspace: Workspace) -> list[tuple[str, str]]:
    """Slug and name of the workspace's GPTs, to offer while typing."""
    found = GPT.objects.filter(workspace=workspace, deleted_at__isnull=True).order_by("name", "id")
    return list(found.values_list("slug", "name")[:CHOICES])


def _lines(budgets: list[Budget], user: User | None, *, at: datetime) -> list[BudgetLine]:
    present = Q(pk__in=[])
    for window in BudgetWindow.values:
        ids = [budget.pk for budget in budgets if budget.window == window]
        if ids:
            present |= Q(budget__in=ids, window_start=window_start(window, at))
    if user is not None:
        present &= Q(user=user) | Q(user__isnull=True)
    counts: dict[int, list[Count]] = {}
    if budgets:
        for use in BudgetUse.objects.filter(present).select_related("user").order_by("-used", "id"):
            person = "" if use.user is None else str(use.user)
            counts.setdefault(use.budget_id, []).append(Count(use.user_id, person, use.used, use.reserved))
    return [
        BudgetLine(budget, tuple(counts.get(budget.pk, ())), window_end(budget.window, at))
        for budget in budgets
    ]
