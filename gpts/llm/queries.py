"""Reads rows of the model catalogue for the people who administer it.

Which models a chat may use is decided in ``gpts.llm.catalogue``.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch, QuerySet

from gpts.llm.catalogue import list_chat_models
from gpts.llm.models import FailedCall, LanguageModel, ModelProvider
from gpts.llm.states import ModelKind
from workspaces.access import not_found
from workspaces.models import OutboundJob, Workspace

# The kind of an outbound job that tests a provider's connection; its subject is the provider.
TEST_JOB = "gpts.provider_test"


def list_providers(workspace: Workspace | None) -> QuerySet[ModelProvider]:
    """Return the providers of a workspace, or of the instance for None, with their models; two queries."""
    models = LanguageModel.objects.select_related("replacement").order_by("-is_default", "label", "id")
    return (
        ModelProvider.objects.filter(workspace=workspace)
        .prefetch_related(Prefetch("models", queryset=models))
        .order_by("name", "id")
    )


def find_offered_model(model_id: int) -> LanguageModel | None:
    """Return a chat model of the instance that companies see, also if it was retired."""
    offered = LanguageModel.objects.filter(
        kind=ModelKind.CHAT, provider__workspace__isnull=True, provider__is_enabled=True
    )
    return offered.filter(pk=model_id).first()


def get_provider(workspace: Workspace | None, provider_id: int) -> ModelProvider:
    """Return a provider of this workspace, or of the instance for None; raises NotFound.

    The caller has authorised the person for the workspace.
    """
    found = list_providers(workspace).filter(pk=provider_id).first()
    if found is None:
        raise not_found()
    return found


def get_provider_test(provider: ModelProvider) -> OutboundJob | None:
    """Return the newest connection test of a provider, None when there was none lately."""
    tests = OutboundJob.objects.filter(kind=TEST_JOB, subject_id=provider.pk, workspace=provider.workspace)
    return tests.select_related("workspace").order_by("-created_at", "-id").first()


def get_model(workspace: Workspace | None, model_id: int) -> LanguageModel:
    """Return a model of this workspace, or of the instance for None; raises NotFound.

    The caller has authorised the person for the workspace.
    """
    found = (
        LanguageModel.objects.select_related("provider", "replacement")
        .filter(provider__workspace=workspace, pk=model_id)
        .first()
    )
    if found is None:
        raise not_found()
    return found


def list_failed_calls(model: LanguageModel) -> QuerySet[FailedCall]:
    """Return a model's failures that are kept, the newest first. The caller has authorised the person."""
    return (
        FailedCall.objects.filter(model=model).select_related("model__provider").order_by("-last_at", "-id")
    )


def list_recent_failures(*, since: datetime) -> list[FailedCall]:
    """Return the newest failure of each model of the instance since then, for operators."""
    rows = FailedCall.objects.filter(last_at__gte=since, model__provider__workspace__isnull=True)
    newest = rows.order_by("model_id", "-last_at", "-id").distinct("model_id")
    return list(newest.select_related("model__provider"))


def list_replacements(model: LanguageModel, workspace: Workspace | None) -> list[LanguageModel]:
    """Return the models that may replace ``model``: offered in the workspace and not to be retired."""
    return [
        other for other in list_chat_models(workspace) if other.pk != model.pk and other.retired_at is None
    ]
