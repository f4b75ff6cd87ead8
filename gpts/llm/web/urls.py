"""Routes of the model catalogue, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.llm.web import catalogue as models
from gpts.llm.web import search_mode

_WORKSPACE = "w/<slug:workspace>/admin/models"
_OPERATOR = "operator/models"

urlpatterns = [
    path(_WORKSPACE, models.model_list, name="workspace-model-list"),
    path(f"{_WORKSPACE}/providers/new", models.provider_new, name="workspace-provider-new"),
    path(
        f"{_WORKSPACE}/providers/<int:provider_id>", models.provider_change, name="workspace-provider-change"
    ),
    path(
        f"{_WORKSPACE}/providers/<int:provider_id>/test", models.provider_test, name="workspace-provider-test"
    ),
    path(
        f"{_WORKSPACE}/providers/<int:provider_id>/import",
        models.provider_import,
        name="workspace-provider-import",
    ),
    path(
        f"{_WORKSPACE}/providers/<int:provider_id>/models/new", models.model_new, name="workspace-model-new"
    ),
    path(f"{_WORKSPACE}/<int:model_id>", models.model_change, name="workspace-model-change"),
    path(f"{_WORKSPACE}/<int:model_id>/hide", models.model_hide, name="workspace-model-hide"),
    path(f"{_WORKSPACE}/<int:model_id>/retire", models.model_retire, name="workspace-model-retire"),
    path(f"{_WORKSPACE}/<int:model_id>/forget", models.model_forget, name="workspace-model-forget"),
    path(f"{_WORKSPACE}/<int:model_id>/replace", models.model_replace, name="workspace-model-replace"),
    path(_OPERATOR, models.operator_model_list, name="operator-model-list"),
    path(f"{_OPERATOR}/search", search_mode.choose_search_mode, name="operator-search-mode"),
    path(f"{_OPERATOR}/providers/new", models.operator_provider_new, name="operator-provider-new"),
    path(
        f"{_OPERATOR}/providers/<int:provider_id>",
        models.operator_provider_change,
        name="operator-provider-change",
    ),
    path(
        f"{_OPERATOR}/providers/<int:provider_id>/test",
        models.operator_provider_test,
        name="operator-provider-test",
    ),
    path(
        f"{_OPERATOR}/providers/<int:provider_id>/import",
        models.operator_provider_import,
        name="operator-provider-import",
    ),
    path(
        f"{_OPERATOR}/providers/<int:provider_id>/models/new",
        models.operator_model_new,
        name="operator-model-new",
    ),
    path(f"{_OPERATOR}/<int:model_id>", models.operator_model_change, name="operator-model-change"),
    path(f"{_OPERATOR}/<int:model_id>/forget", models.operator_model_forget, name="operator-model-forget"),
    path(f"{_OPERATOR}/<int:model_id>/retire", models.operator_model_retire, name="operator-model-retire"),
]
