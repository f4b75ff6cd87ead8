"""API routes of this app under /api/v1/, by package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from gpts.chat.api.urls import urlpatterns as chat
from gpts.evals.api.urls import urlpatterns as evals
from gpts.insights.api.urls import urlpatterns as insights
from gpts.knowledge.api.urls import urlpatterns as knowledge
from gpts.llm.api.urls import urlpatterns as llm
from gpts.metering.api.urls import urlpatterns as metering
from gpts.studio.api.urls import urlpatterns as studio

app_name = "gpts_api"
urlpatterns: list[URLPattern | URLResolver] = [
    *studio,
    *knowledge,
    *evals,
    *insights,
    *chat,
    *metering,
    *llm,
]
