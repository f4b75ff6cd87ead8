"""API routes of insights, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.insights.api import insights

urlpatterns = [
    path("gpts/<slug:slug>/insights", insights.InsightsView.as_view(), name="insights"),
]
