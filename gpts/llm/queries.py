"""Queries for providers and models, for the people who administer them."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from core.errors import NotFound
from gpts.llm.catalogue import list_chat_models
from gpts.llm.models import LanguageModel, ModelProvider
from workspaces.access import not_found
from workspaces.models import Workspace


def list_providers(workspace: Workspace | None) -> QuerySet[ModelProvider]:
    """The providers of a workspace, or of the instance, with their models; two queries."""
    models = LanguageModel.objects.select_related("replacement").order_by("-is_default", "label", "id")
    return (
        ModelProvider.objects.filter(workspace=workspace)
        .prefetch_related(Prefetch("models", queryset=models))
        .order_by("name", "id")
    )


def get_provider(workspace: Workspace | None, provider_id: int) -> ModelProvider:
    """One provider of exactly this workspace, or of the instance; the caller has authorised the person."""
    found = list_providers(workspace).filter(pk=provider_id).first()
    if found is None:
        raise _missing()
    return found


def get_model(workspace: Workspace | None, model_id: int) -> LanguageModel:
    """One model of exactly this workspace, or of the instance; the caller has authorised the person."""
    found = (
        LanguageModel.objects.select_related("provider", "replacement")
        .filter(provider__workspace=workspace, pk=model_id)
        .first()
    )
    if found is None:
        raise _missing()
    return found


def list_replacements(model: LanguageModel, workspace: Workspace | None) -> list[LanguageModel]:
    """Models that may stand in for one: offered in the same place, and not waiting for it themselves."""
    return [
        other for other in list_chat_models(workspace) if other.pk != model.pk and other.retired_at is None
    ]


def _missing() -> NotFound:
    return not_found()
