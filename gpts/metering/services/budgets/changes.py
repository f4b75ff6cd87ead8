"""Sets, changes and removes a workspace's budgets. What an answer does with them is in ``reservations``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.text import clean_line
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import find_gpt, get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.metering.models import Budget
from gpts.metering.models.budgets import BUDGET_NAME_LENGTH
from gpts.metering.services.budgets.thresholds import note_passed_thresholds
from gpts.metering.states import BudgetMeasure, BudgetSubject, BudgetWindow
from workspaces.models import Group, Member, User, Workspace
from workspaces.queries import list_cost_centres

# All budgets of a workspace are read before each answer.
BUDGETS_PER_WORKSPACE = 100
# Micro-units, tokens or answers: far above any use, far below what the column holds.
LARGEST_LIMIT = 10**15
# What a budget of a month that everybody shares begins with.
DEFAULT_THRESHOLDS = (50, 80, 100)
MOST_THRESHOLDS = 5
_WITHOUT_THRESHOLDS = (BudgetWindow.MINUTE, BudgetWindow.HOUR)


def draft_budget(
    *,
    workspace: Workspace,
    name: str,
    subject: str,
    measure: str,
    window: str,
    by: User,
    at: datetime,
    soft_limit: int | None = None,
    hard_limit: int | None = None,
    is_each: bool = False,
    user_id: int | None = None,
    group_id: int | None = None,
    gpt_slug: str = "",
    cost_centre: str = "",
    thresholds: Collection[int] | None = None,
) -> Budget:
    """Return a validated budget that is not saved, so that a page can say what it means.

    ``thresholds`` are percentages of the limit; None for the usual ones. Raises InvalidInput with the field:
    the user must be a member, the group must belong to the workspace, somebody's use must be charged to the
    cost centre, and ``by`` must be able to use the GPT.
    """
    _check_choice(subject, BudgetSubject, "subject")
    _check_choice(measure, BudgetMeasure, "measure")
    _check_choice(window, BudgetWindow, "window")
    _check_limits(soft_limit, hard_limit)
    budget = Budget(
        workspace=workspace,
        name=clean_line(name, max_length=BUDGET_NAME_LENGTH, field="name"),
        subject=subject,
        measure=measure,
        window=window,
        soft_limit=soft_limit,
        hard_limit=hard_limit,
        created_by=by,
        created_at=at,
        updated_at=at,
    )
    if subject == BudgetSubject.PERSON:
        budget.is_each = is_each
        if not is_each:
            budget.user = _get_member(workspace, user_id)
    elif subject == BudgetSubject.GROUP:
        budget.is_each, budget.group = is_each, _get_group(workspace, group_id)
    elif subject == BudgetSubject.GPT:
        budget.is_each, budget.gpt = is_each, _get_gpt(by, gpt_slug)
    elif subject == BudgetSubject.COST_CENTRE:
        budget.cost_centre = _get_cost_centre(workspace, cost_centre)
    if thresholds is None:
        is_usual = window == BudgetWindow.MONTH and not budget.has_personal_counters
        thresholds = DEFAULT_THRESHOLDS if is_usual else ()
    budget.thresholds = _clean_thresholds(budget, thresholds)
    return budget


@transaction.atomic
def create_budget(*, budget: Budget, by: User, at: datetime) -> Budget:
    """Save the result of ``draft_budget``; it applies from the next answer on. Audited.

    Raises Conflict when the name is taken or the workspace has as many budgets as it may.
    """
    # The lock serialises creation in a workspace, so that the count below stays true.
    Workspace.objects.select_for_update(of=("self",)).get(pk=budget.workspace_id)
    known = Budget.objects.filter(workspace_id=budget.workspace_id)
    if known.count() >= BUDGETS_PER_WORKSPACE:
        raise Conflict(
            _("A workspace has at most %(count)d budgets. Remove one first.")
            % {"count": BUDGETS_PER_WORKSPACE},
            code="budgets_full",
        )
    _check_name(budget)
    budget.save(force_insert=True)
    _audit("gpts.budget_set", budget, by=by, at=at)
    return budget


@transaction.atomic
def change_budget(*, budget: Budget, by: User, at: datetime, **changes: Any) -> Budget:
    """Change ``name``, the limits, ``thresholds`` or ``is_enabled``; the counters are kept. Audited.

    Subject, measure and window cannot change, because the counters depend on them. Thresholds that are passed
    already are not notified any more in this window.
    """
    budget = Budget.objects.select_for_update(of=("self",)).get(pk=budget.pk)
    values = {field: changes.get(field, getattr(budget, field)) for field in _CHANGEABLE}
    values["name"] = clean_line(values["name"], max_length=BUDGET_NAME_LENGTH, field="name")
    _check_limits(values["soft_limit"], values["hard_limit"])
    values["thresholds"] = _clean_thresholds(budget, values["thresholds"])
    changed = [field for field, value in values.items() if getattr(budget, field) != value]
    if not changed:
        return budget
    before = {field: getattr(budget, field) for field in changed}
    for field in changed:
        setattr(budget, field, values[field])
    _check_name(budget)
    budget.updated_at = at
    budget.save(update_fields=[*changed, "updated_at"])
    if budget.thresholds and {"soft_limit", "hard_limit", "thresholds"} & set(changed):
        note_passed_thresholds(budget, at=at)
    _audit("gpts.budget_changed", budget, by=by, at=at, before=before)
    return budget


@transaction.atomic
def remove_budget(*, budget: Budget, by: User, at: datetime) -> None:
    """Delete a budget with its counters and reservations. Audited.

    Waits for turns that are reserving in it at this moment; running answers go on.
    """
    Budget.objects.select_for_update().get(pk=budget.pk)
    _audit("gpts.budget_removed", budget, by=by, at=at)
    budget.delete()


_CHANGEABLE = ("name", "soft_limit", "hard_limit", "thresholds", "is_enabled")


def _audit(
    action: str, budget: Budget, *, by: User, at: datetime, before: Mapping[str, Any] | None = None
) -> None:
    data: dict[str, Any] = {
        "subject": budget.subject,
        "cost_centre": budget.cost_centre,
        "measure": budget.measure,
        "window": budget.window,
        "soft_limit": budget.soft_limit,
        "hard_limit": budget.hard_limit,
        "thresholds": budget.thresholds,
        "is_enabled": budget.is_enabled,
    }
    changes = {}
    if before is not None:
        data["fields"] = sorted(before)
        # The name is not kept: it goes when the budget goes.
        changes = {name: (value, getattr(budget, name)) for name, value in before.items() if name != "name"}
    record(
        action=action,
        by=by,
        at=at,
        subject=budget,
        workspace_id=budget.workspace_id,
        data=data,
        changes=changes,
    )


def _check_choice(value: str, choices: Any, field: str) -> None:
    if value not in choices.values:
        raise InvalidInput(_("Choose one of the values offered."), code="choice_invalid", field=field)


def _check_limits(soft: int | None, hard: int | None) -> None:
    for field, value in (("soft_limit", soft), ("hard_limit", hard)):
        if value is not None and not 0 < value <= LARGEST_LIMIT:
            raise InvalidInput(_("Set an amount above zero."), code="limit_invalid", field=field)
    if soft is None and hard is None:
        raise InvalidInput(
            _("Set at least one limit: where to warn, or where to stop."),
            code="limit_missing",
            field="hard_limit",
        )
    if soft is not None and hard is not None and soft > hard:
        raise InvalidInput(
            _("The warning must come before the stop: set it lower."), code="limit_order", field="soft_limit"
        )


def _clean_thresholds(budget: Budget, percentages: Collection[int]) -> list[int]:
    """Return the percentages in order, each once. Raises InvalidInput."""
    found = sorted(set(percentages))
    if len(found) > MOST_THRESHOLDS or not all(0 < percentage <= 100 for percentage in found):
        raise InvalidInput(
            _("Give up to %(count)d percentages between 1 and 100.") % {"count": MOST_THRESHOLDS},
            code="thresholds_invalid",
            field="thresholds",
        )
    if found and (budget.has_personal_counters or budget.window in _WITHOUT_THRESHOLDS):
        raise InvalidInput(
            _("Percentages are for budgets of a day or month that everybody shares. Set “Warn at” instead."),
            code="thresholds_not_shared",
            field="thresholds",
        )
    return found


def _check_name(budget: Budget) -> None:
    same = Budget.objects.filter(workspace_id=budget.workspace_id, name=budget.name)
    if same.exclude(pk=budget.pk).exists():
        raise Conflict(_("Another budget has this name."), code="budget_name_taken", field="name")


def _get_member(workspace: Workspace, user_id: int | None) -> User:
    member = (
        Member.objects.select_related("user").filter(workspace=workspace, user_id=user_id).first()
        if user_id is not None
        else None
    )
    if member is None:
        raise InvalidInput(_("Choose a member of this workspace."), code="member_unknown", field="user")
    return member.user


def _get_group(workspace: Workspace, group_id: int | None) -> Group:
    group = Group.objects.filter(workspace=workspace, pk=group_id).first() if group_id is not None else None
    if group is None:
        raise InvalidInput(_("Choose a group of this workspace."), code="group_unknown", field="group")
    return group


def _get_cost_centre(workspace: Workspace, code: str) -> str:
    if code not in list_cost_centres(workspace):
        raise InvalidInput(
            _("Choose a cost centre that a group or a member of this workspace has."),
            code="cost_centre_unknown",
            field="cost_centre",
        )
    return code


def _get_gpt(by: User, slug: str) -> GPT:
    gpt = find_gpt(slug) if slug else None
    if gpt is not None:
        relation = get_relation(by, gpt)
        if may(GPTAct.CHAT, gpt, relation) or may(GPTAct.VIEW_SETTINGS, gpt, relation):
            return gpt
    raise InvalidInput(
        _("Give the address of a GPT that you can use, for example the last part of its link."),
        code="gpt_unknown",
        field="gpt",
    )
