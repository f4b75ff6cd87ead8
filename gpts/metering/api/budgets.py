"""/api/v1/workspaces/<workspace>/budgets for admins, and /limits: the budgets that count the key's person."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.metering.models.budgets import BUDGET_NAME_LENGTH
from gpts.metering.queries.budgets import (
    access_budget,
    build_budget_line,
    build_budget_lines,
    list_budgets,
    list_own_limits,
)
from gpts.metering.services.budgets import change_budget, create_budget, draft_budget, remove_budget
from gpts.metering.states import BudgetMeasure, BudgetSubject, BudgetWindow
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.api.pagination import KeysetPagination
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import Workspace
from workspaces.models.workspaces import COST_CENTRE_LENGTH
from workspaces.states import ApiScope

AMOUNT = "Micro-units of the instance's currency, tokens, or answers, by `measure`."
THRESHOLDS = "Percentages of the limit that admins are told of once in each window, by bell and mail."
LARGEST_ID = 2**63 - 1


class BudgetCountSerializer(serializers.Serializer[Any]):
    """One counter of the current window; `user` is null where everybody shares it."""

    user = serializers.IntegerField(source="user_id", allow_null=True)
    person = serializers.CharField(allow_blank=True)
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Reserved for running answers.")


class ForecastSerializer(serializers.Serializer[Any]):
    """A straight line: what was counted so far, at the same pace until the window ends."""

    amount = serializers.IntegerField(help_text="At the end of the month, in the budget's measure.")
    passes_at = serializers.DateTimeField(
        allow_null=True, help_text="When the limit is reached; null where it is not, and where it is already."
    )


class BudgetSerializer(serializers.Serializer[Any]):
    """A budget with its counters of the current window, the fullest first."""

    id = serializers.IntegerField(source="budget.pk")
    name = serializers.CharField(source="budget.name")
    subject = serializers.ChoiceField(source="budget.subject", choices=BudgetSubject.choices)
    is_each = serializers.BooleanField(source="budget.is_each")
    user = serializers.IntegerField(source="budget.user_id", allow_null=True)
    group = serializers.IntegerField(source="budget.group_id", allow_null=True)
    gpt = serializers.CharField(source="gpt_slug", allow_null=True)
    cost_centre = serializers.CharField(source="budget.cost_centre", allow_blank=True)
    measure = serializers.ChoiceField(source="budget.measure", choices=BudgetMeasure.choices)
    window = serializers.ChoiceField(source="budget.window", choices=BudgetWindow.choices)
    soft_limit = serializers.IntegerField(source="budget.soft_limit", allow_null=True, help_text=AMOUNT)
    hard_limit = serializers.IntegerField(source="budget.hard_limit", allow_null=True, help_text=AMOUNT)
    thresholds = serializers.ListField(
        source="budget.thresholds", child=serializers.IntegerField(), help_text=THRESHOLDS
    )
    is_enabled = serializers.BooleanField(source="budget.is_enabled")
    meaning = serializers.CharField(source="sentence", help_text="The budget as a sentence.")
    state = serializers.ChoiceField(choices=["off", "fine", "warned", "full"])
    opens_at = serializers.DateTimeField(
        help_text="When the current window ends and the counters begin again at zero."
    )
    counted_since = serializers.DateTimeField(
        help_text="When the window's counters began: with it, or when the budget was set."
    )
    forecast = ForecastSerializer(
        allow_null=True,
        help_text="Of enabled budgets of a month that everybody shares; null before three days of counting.",
    )
    counts = BudgetCountSerializer(many=True)


class OwnLimitSerializer(serializers.Serializer[Any]):
    """A budget that counts the person; `used` is their own counter if they have one, else the shared one."""

    id = serializers.IntegerField(source="budget.pk")
    name = serializers.CharField(source="budget.name")
    workspace = serializers.CharField(source="budget.workspace.slug")
    gpt = serializers.CharField(source="gpt_slug", allow_null=True)
    is_own = serializers.BooleanField(help_text="Whether the counter is the person's own.")
    measure = serializers.ChoiceField(source="budget.measure", choices=BudgetMeasure.choices)
    window = serializers.ChoiceField(source="budget.window", choices=BudgetWindow.choices)
    soft_limit = serializers.IntegerField(source="budget.soft_limit", allow_null=True, help_text=AMOUNT)
    hard_limit = serializers.IntegerField(source="budget.hard_limit", allow_null=True, help_text=AMOUNT)
    used = serializers.IntegerField(source="top.used")
    reserved = serializers.IntegerField(source="top.reserved")
    state = serializers.ChoiceField(choices=["fine", "warned", "full"])
    opens_at = serializers.DateTimeField()


class OwnLimitsSerializer(serializers.Serializer[Any]):
    items = OwnLimitSerializer(many=True)


class ChangeBudgetSerializer(serializers.Serializer[Any]):
    """Subject, measure and window cannot be changed, because the counters depend on them."""

    name = serializers.CharField(required=False, max_length=BUDGET_NAME_LENGTH)
    soft_limit = serializers.IntegerField(required=False, allow_null=True, help_text=AMOUNT)
    hard_limit = serializers.IntegerField(required=False, allow_null=True, help_text=AMOUNT)
    thresholds = serializers.ListField(
        required=False, child=serializers.IntegerField(), max_length=20, help_text=THRESHOLDS
    )
    is_enabled = serializers.BooleanField(
        required=False, help_text="Switched off, it counts nothing and stops nothing."
    )


class NewBudgetSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=BUDGET_NAME_LENGTH)
    subject = serializers.ChoiceField(choices=BudgetSubject.choices)
    is_each = serializers.BooleanField(
        default=False, help_text="Each person has a counter; otherwise everybody of the subject shares one."
    )
    user = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_ID, help_text="For one member."
    )
    group = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_ID, help_text="For a group."
    )
    gpt = serializers.CharField(
        required=False, allow_null=True, max_length=80, help_text="The slug of a GPT."
    )
    cost_centre = serializers.CharField(
        required=False, max_length=COST_CENTRE_LENGTH, help_text="A code that a group or a member has."
    )
    measure = serializers.ChoiceField(choices=BudgetMeasure.choices)
    window = serializers.ChoiceField(choices=BudgetWindow.choices)
    soft_limit = serializers.IntegerField(
        required=False, allow_null=True, help_text=f"Where a notification is sent. {AMOUNT}"
    )
    hard_limit = serializers.IntegerField(
        required=False, allow_null=True, help_text=f"Where new answers are refused. {AMOUNT}"
    )
    thresholds = serializers.ListField(
        required=False,
        child=serializers.IntegerField(),
        max_length=20,
        help_text=f"{THRESHOLDS} By default 50, 80 and 100 for budgets of a month that everybody shares.",
    )


class _BudgetView(LoggiaAPIView):
    def get_tenant(self, request: Request, slug: str) -> Workspace:
        return access_key_workspace(request, slug, to=WorkspaceAct.MANAGE_BUDGETS)


class BudgetsView(_BudgetView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}
    ordering = ("id",)

    @extend_schema(operation_id="budget_list", responses=BudgetSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the workspace's budgets with their current counters."""
        pagination = KeysetPagination()
        budgets = pagination.paginate_queryset(
            list_budgets(self.get_tenant(request, workspace)), request, self
        )
        lines = build_budget_lines(budgets, at=timezone.now())
        return pagination.get_paginated_response(BudgetSerializer(lines, many=True).data)

    @extend_schema(operation_id="budget_set", request=NewBudgetSerializer, responses={201: BudgetSerializer})
    def post(self, request: Request, workspace: str) -> Response:
        """Set a budget; it applies from the next answer on."""
        tenant, now = self.get_tenant(request, workspace), timezone.now()
        values = self.read(NewBudgetSerializer)
        subject = {
            "user_id": values.pop("user", None),
            "group_id": values.pop("group", None),
            "gpt_slug": values.pop("gpt", None) or "",
        }
        budget = draft_budget(workspace=tenant, **values, **subject, by=self.person, at=now)
        create_budget(budget=budget, by=self.person, at=now)
        return Response(BudgetSerializer(build_budget_line(budget, at=now)).data, status=201)


class BudgetView(_BudgetView):
    required_scopes: ClassVar = {
        "GET": ApiScope.ACCOUNT,
        "PATCH": ApiScope.ACCOUNT,
        "DELETE": ApiScope.ACCOUNT,
    }

    @extend_schema(operation_id="budget_read", responses=BudgetSerializer)
    def get(self, request: Request, workspace: str, budget_id: int) -> Response:
        budget = access_budget(self.get_tenant(request, workspace), budget_id)
        return Response(BudgetSerializer(build_budget_line(budget, at=timezone.now())).data)

    @extend_schema(operation_id="budget_change", request=ChangeBudgetSerializer, responses=BudgetSerializer)
    def patch(self, request: Request, workspace: str, budget_id: int) -> Response:
        """Change name or limits, or switch it on or off; the counters are kept."""
        tenant, now = self.get_tenant(request, workspace), timezone.now()
        budget = access_budget(tenant, budget_id)
        values = self.read(ChangeBudgetSerializer)
        change_budget(budget=budget, **values, by=self.person, at=now)
        return Response(BudgetSerializer(build_budget_line(access_budget(tenant, budget_id), at=now)).data)

    @extend_schema(operation_id="budget_remove", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str, budget_id: int) -> Response:
        """Remove the budget with its counters; to keep those, switch it off instead."""
        budget = access_budget(self.get_tenant(request, workspace), budget_id)
        remove_budget(budget=budget, by=self.person, at=timezone.now())
        return Response(status=204)


class OwnLimitsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.USAGE_READ}

    @extend_schema(operation_id="limit_list", responses=OwnLimitsSerializer)
    def get(self, request: Request) -> Response:
        """List the budgets of the key's workspace that apply to the person, with what is used of them."""
        user, key = bearer(request)
        lines = list_own_limits(user, at=timezone.now(), workspace_id=key.workspace_id)
        return Response({"items": OwnLimitSerializer(lines, many=True).data})
