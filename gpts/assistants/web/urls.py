"""Routes of icons, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.assistants.web import icons

urlpatterns = [
    path("icons/<str:digest>.webp", icons.show_icon, name="icon-show"),
    path("icons/drawn/<slug:tint>/<int:form>.svg", icons.show_drawn_icon, name="icon-drawn"),
]
