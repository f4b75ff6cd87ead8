"""API routes of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from gpts.api.budget_urls import urlpatterns as budget_urlpatterns
from gpts.api.build_urls import urlpatterns as build_urlpatterns
from gpts.api.chat_urls import urlpatterns as chat_urlpatterns
from gpts.api.golden_urls import urlpatterns as golden_urlpatterns
from gpts.api.insight_urls import urlpatterns as insight_urlpatterns
from gpts.api.model_urls import urlpatterns as model_urlpatterns

app_name = "gpts_api"
urlpatterns: list[URLPattern | URLResolver] = [
    *budget_urlpatterns,
    *build_urlpatterns,
    *chat_urlpatterns,
    *golden_urlpatterns,
    *insight_urlpatterns,
    *model_urlpatterns,
]
