"""Pages of this app, by package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from gpts.assistants.web.urls import urlpatterns as assistants
from gpts.chat.web.urls import urlpatterns as chat
from gpts.evals.web.urls import urlpatterns as evals
from gpts.insights.web.urls import urlpatterns as insights
from gpts.knowledge.web.urls import urlpatterns as knowledge
from gpts.llm.web.urls import urlpatterns as llm
from gpts.metering.web.urls import urlpatterns as metering
from gpts.studio.web.urls import urlpatterns as studio

app_name = "gpts"
urlpatterns: list[URLPattern | URLResolver] = [
    *studio,
    *knowledge,
    *evals,
    *insights,
    *chat,
    *metering,
    *llm,
    *assistants,
]
