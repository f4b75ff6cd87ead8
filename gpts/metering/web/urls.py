"""Routes of budgets and usage, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.metering.web import budgets, usage

_BUDGETS = "w/<slug:workspace>/admin/budgets"

urlpatterns = [
    path(_BUDGETS, budgets.budget_list, name="budget-list"),
    path(f"{_BUDGETS}/new", budgets.budget_new, name="budget-new"),
    path(f"{_BUDGETS}/<int:budget_id>", budgets.budget_change, name="budget-change"),
    path(f"{_BUDGETS}/<int:budget_id>/switch", budgets.budget_switch, name="budget-switch"),
    path(f"{_BUDGETS}/<int:budget_id>/remove", budgets.budget_remove, name="budget-remove"),
    path(f"{_BUDGETS}/price-ceiling", budgets.price_ceiling, name="price-ceiling"),
    path("w/<slug:workspace>/admin/usage", usage.show_usage, name="company-usage"),
    path("w/<slug:workspace>/admin/usage.csv", usage.download_usage, name="company-usage-csv"),
    path("settings/limits", budgets.my_limits, name="my-limits"),
]
