"""Routes of the Insights tab, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.insights.web import insights as build_insights

urlpatterns = [
    path("build/<slug:slug>/insights", build_insights.show_insights, name="build-insights"),
    path("build/<slug:slug>/insights.csv", build_insights.download_insights_csv, name="build-insights-csv"),
]
