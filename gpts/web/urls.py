"""Pages of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from gpts.web.build_urls import urlpatterns as build_urlpatterns
from gpts.web.chat_urls import urlpatterns as chat_urlpatterns

app_name = "gpts"
urlpatterns: list[URLPattern | URLResolver] = [*build_urlpatterns, *chat_urlpatterns]
