"""API routes of the model catalogue, included by gpts.api.urls."""

from __future__ import annotations

from django.urls import path

from gpts.api import model_catalogue as views

_W = "workspaces/<slug:workspace>"

urlpatterns = [
    path(f"{_W}/model-providers", views.ProvidersView.as_view(), name="model-provider-list"),
    path(
        f"{_W}/model-providers/<int:provider_id>", views.ProviderView.as_view(), name="model-provider-detail"
    ),
    path(
        f"{_W}/model-providers/<int:provider_id>/test",
        views.ProviderTestView.as_view(),
        name="model-provider-test",
    ),
    path(
        f"{_W}/model-providers/<int:provider_id>/models",
        views.ProviderModelsView.as_view(),
        name="catalogue-model-list",
    ),
    path(f"{_W}/models/<int:model_id>", views.CatalogueModelView.as_view(), name="catalogue-model-detail"),
    path(
        f"{_W}/models/<int:model_id>/retirement",
        views.RetirementView.as_view(),
        name="catalogue-model-retirement",
    ),
    path(f"{_W}/models/<int:model_id>/replace", views.ReplaceView.as_view(), name="catalogue-model-replace"),
]
