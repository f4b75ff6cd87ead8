"""API routes of the model catalogue, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.llm.api import catalogue as views
from gpts.llm.api import instance, search_mode

_W = "workspaces/<slug:workspace>"
_I = "operator"

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
    path(f"{_W}/models/<int:model_id>/learned", views.LearnedView.as_view(), name="catalogue-model-learned"),
    path(
        f"{_W}/models/<int:model_id>/failures",
        views.FailedCallsView.as_view(),
        name="catalogue-model-failures",
    ),
    path(
        f"{_W}/models/<int:model_id>/retirement",
        views.RetirementView.as_view(),
        name="catalogue-model-retirement",
    ),
    path(f"{_W}/models/<int:model_id>/replace", views.ReplaceView.as_view(), name="catalogue-model-replace"),
    path(f"{_I}/search-mode", search_mode.InstanceSearchModeView.as_view(), name="instance-search-mode"),
    path(f"{_I}/model-providers", instance.InstanceProvidersView.as_view(), name="instance-provider-list"),
    path(
        f"{_I}/model-providers/<int:provider_id>",
        instance.InstanceProviderView.as_view(),
        name="instance-provider-detail",
    ),
    path(
        f"{_I}/model-providers/<int:provider_id>/test",
        instance.InstanceProviderTestView.as_view(),
        name="instance-provider-test",
    ),
    path(
        f"{_I}/model-providers/<int:provider_id>/models",
        instance.InstanceProviderModelsView.as_view(),
        name="instance-model-list",
    ),
    path(f"{_I}/models/<int:model_id>", instance.InstanceModelView.as_view(), name="instance-model-detail"),
    path(
        f"{_I}/models/<int:model_id>/learned",
        instance.InstanceLearnedView.as_view(),
        name="instance-model-learned",
    ),
    path(
        f"{_I}/models/<int:model_id>/failures",
        instance.InstanceFailedCallsView.as_view(),
        name="instance-model-failures",
    ),
    path(
        f"{_I}/models/<int:model_id>/retirement",
        instance.InstanceRetirementView.as_view(),
        name="instance-model-retirement",
    ),
]
