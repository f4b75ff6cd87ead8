"""Budgets, their counters (which outlive the chats they counted), and reservations of running turns."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from gpts.assistants.models.gpts import GPT
from gpts.metering.states import BudgetMeasure, BudgetSubject, BudgetWindow
from workspaces.models import Group, Workspace
from workspaces.models.workspaces import COST_CENTRE_LENGTH

BUDGET_NAME_LENGTH = 60
PERCENTAGES = list(range(1, 101))
_NONE = Q(user__isnull=True, group__isnull=True, gpt__isnull=True, cost_centre="")


class Budget(models.Model):
    """A workspace's limit in each window: ``soft_limit`` warns, ``hard_limit`` refuses further answers.

    ``measure`` gives the unit of the limits: micro-units of the instance's currency, tokens, or answers. A
    budget of subject "person" is for one ``user``, or for each member alone (``is_each``); one of a group
    or GPT counts everybody together, or each person alone (``is_each``). One of a cost centre counts
    everybody whose use is charged to the code ``cost_centre``. Subject, measure and window never change,
    because the counters depend on them. Each percentage of ``thresholds`` notifies the admins once in a
    window; only budgets with one counter have them.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="budgets")
    name = models.CharField(_("name"), max_length=BUDGET_NAME_LENGTH)
    subject = models.CharField(max_length=12, choices=BudgetSubject.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, null=True, related_name="+")
    cost_centre = models.CharField(max_length=COST_CENTRE_LENGTH, blank=True, default="", db_default="")
    is_each = models.BooleanField(default=False)
    measure = models.CharField(max_length=12, choices=BudgetMeasure.choices)
    window = models.CharField(max_length=8, choices=BudgetWindow.choices)
    soft_limit = models.BigIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    hard_limit = models.BigIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    thresholds = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, db_default=[])
    is_enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(_NONE, subject=BudgetSubject.PERSON, is_each=True)
                | Q(
                    subject=BudgetSubject.PERSON,
                    is_each=False,
                    user__isnull=False,
                    group__isnull=True,
                    gpt__isnull=True,
                    cost_centre="",
                )
                | Q(
                    subject=BudgetSubject.GROUP,
                    user__isnull=True,
                    group__isnull=False,
                    gpt__isnull=True,
                    cost_centre="",
                )
                | Q(
                    subject=BudgetSubject.GPT,
                    user__isnull=True,
                    group__isnull=True,
                    gpt__isnull=False,
                    cost_centre="",
                )
                | Q(
                    ~Q(cost_centre=""),
                    subject=BudgetSubject.COST_CENTRE,
                    is_each=False,
                    user__isnull=True,
                    group__isnull=True,
                    gpt__isnull=True,
                )
                | Q(_NONE, subject=BudgetSubject.WORKSPACE, is_each=False),
                name="gpts_budget_subject",
            ),
            models.CheckConstraint(
                condition=Q(thresholds__contained_by=PERCENTAGES)
                & (Q(thresholds=[]) | Q(is_each=False, user__isnull=True)),
                name="gpts_budget_thresholds",
            ),
            models.CheckConstraint(
                condition=Q(soft_limit__isnull=False) | Q(hard_limit__isnull=False),
                name="gpts_budget_some_limit",
            ),
            models.CheckConstraint(
                condition=(Q(soft_limit__isnull=True) | Q(soft_limit__gt=0))
                & (Q(hard_limit__isnull=True) | Q(hard_limit__gt=0)),
                name="gpts_budget_positive",
            ),
            models.CheckConstraint(
                condition=Q(soft_limit__isnull=True)
                | Q(hard_limit__isnull=True)
                | Q(soft_limit__lte=F("hard_limit")),
                name="gpts_budget_order",
            ),
            models.CheckConstraint(condition=Q(measure__in=BudgetMeasure.values), name="gpts_budget_measure"),
            models.CheckConstraint(condition=Q(window__in=BudgetWindow.values), name="gpts_budget_window"),
            models.UniqueConstraint(fields=["workspace", "name"], name="gpts_budget_name"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace"], condition=Q(is_enabled=True), name="gpts_budget_enabled"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_personal_counters(self) -> bool:
        """Whether each person has a counter; otherwise everybody shares one (``BudgetUse.user`` is null)."""
        return self.is_each or self.user_id is not None


class BudgetUse(models.Model):
    """The counter of a budget in one window: of one person, or shared by everybody (``user`` is null).

    ``used`` counts ended answers, ``reserved`` is held for running ones. Kept when chats, turns and usage
    events are deleted. ``warned_at`` is set once, when the soft limit is passed, ``told_percent`` to each
    threshold that was passed.
    """

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="uses")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    window_start = models.DateTimeField()
    used = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    warned_at = models.DateTimeField(null=True)
    told_percent = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["budget", "window_start", "user"], name="gpts_budgetuse_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(used__gte=0, reserved__gte=0), name="gpts_budgetuse_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.used} of budget {self.budget_id}"


class BudgetReservation(models.Model):
    """What a running turn reserves in one counter. Capture and release delete the row, so each happens once.

    ``turn_id`` is no foreign key, because the reservation is made before the turn's row.
    """

    turn_id = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="+")
    use = models.ForeignKey(BudgetUse, on_delete=models.CASCADE, related_name="+")
    amount = models.BigIntegerField()
    # The most that the answer may count, whatever a provider says; null: OVERRUN times the amount.
    largest = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["turn_id", "budget"], name="gpts_budgetreservation_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="gpts_budgetreservation_amount"),
            models.CheckConstraint(
                condition=Q(largest__isnull=True) | Q(largest__gte=F("amount")),
                name="gpts_budgetreservation_largest",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="gpts_budgetreservation_time")]

    def __str__(self) -> str:
        return f"{self.amount} for turn {self.turn_id}"
