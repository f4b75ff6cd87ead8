"""API routes of budgets and usage, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.metering.api import budgets, price_ceilings, usage

_W = "workspaces/<slug:workspace>"

urlpatterns = [
    path("usage", usage.UsageView.as_view(), name="usage-list"),
    path(f"{_W}/budgets", budgets.BudgetsView.as_view(), name="budget-list"),
    path(f"{_W}/budgets/<int:budget_id>", budgets.BudgetView.as_view(), name="budget-detail"),
    path(f"{_W}/price-ceiling", price_ceilings.PriceCeilingView.as_view(), name="price-ceiling"),
    path("limits", budgets.OwnLimitsView.as_view(), name="own-limits"),
]
