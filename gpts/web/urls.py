"""Pages of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from gpts.web.budget_urls import urlpatterns as budget_urlpatterns
from gpts.web.build_urls import urlpatterns as build_urlpatterns
from gpts.web.chat_urls import urlpatterns as chat_urlpatterns
from gpts.web.golden_urls import urlpatterns as golden_urlpatterns
from gpts.web.insight_urls import urlpatterns as insight_urlpatterns
from gpts.web.model_urls import urlpatterns as model_urlpatterns

app_name = "gpts"
urlpatterns: list[URLPattern | URLResolver] = [
    *build_urlpatterns,
    *chat_urlpatterns,
    *budget_urlpatterns,
    *model_urlpatterns,
    *golden_urlpatterns,
    *insight_urlpatterns,
]
