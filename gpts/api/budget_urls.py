"""API routes of budgets, included by gpts.api.urls."""

from __future__ import annotations

from django.urls import path

from gpts.api import budgets as views

_W = "workspaces/<slug:workspace>"

urlpatterns = [
    path(f"{_W}/budgets", views.BudgetsView.as_view(), name="budget-list"),
    path(f"{_W}/budgets/<int:budget_id>", views.BudgetView.as_view(), name="budget-detail"),
    path("limits", views.OwnLimitsView.as_view(), name="own-limits"),
]
