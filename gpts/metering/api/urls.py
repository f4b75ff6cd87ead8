"""API routes of budgets and usage, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.metering.api import budgets, company_usage, price_ceilings, usage

_W = "workspaces/<slug:workspace>"

urlpatterns = [
    path("usage", usage.UsageView.as_view(), name="usage-list"),
    path(f"{_W}/budgets", budgets.BudgetsView.as_view(), name="budget-list"),
    path(f"{_W}/budgets/<int:budget_id>", budgets.BudgetView.as_view(), name="budget-detail"),
    path(f"{_W}/price-ceiling", price_ceilings.PriceCeilingView.as_view(), name="price-ceiling"),
    path(f"{_W}/usage", company_usage.CompanyUsageView.as_view(), name="company-usage"),
    path(f"{_W}/usage.csv", company_usage.CompanyUsageFileView.as_view(), name="company-usage-csv"),
    path("limits", budgets.OwnLimitsView.as_view(), name="own-limits"),
]
