"""Reading the model catalogue for those who tend it, and which GPTs a model's end would touch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from core.errors import NotFound
from gpts.model_catalogue import chat_models, is_retired, last_day
from gpts.models import GPT, LanguageModel, LiveVersion, ModelProvider
from workspaces.access import not_found
from workspaces.models import Workspace

REMINDER = timedelta(days=14)


@dataclass(frozen=True)
class Affected:
    """A GPT that a model's end touches: in its draft, in what is live, or both."""

    gpt: GPT
    in_draft: bool
    is_live: bool


@dataclass(frozen=True)
class Retirement:
    model: LanguageModel
    is_over: bool
    last_day: date
    affected: list[Affected]


def providers_of(workspace: Workspace | None) -> QuerySet[ModelProvider]:
    """The providers of a workspace, or of the instance, with their models; two queries."""
    models = LanguageModel.objects.select_related("replacement").order_by("-is_default", "label", "id")
    return (
        ModelProvider.objects.filter(workspace=workspace)
        .prefetch_related(Prefetch("models", queryset=models))
        .order_by("name", "id")
    )


def get_provider(workspace: Workspace | None, provider_id: int) -> ModelProvider:
    """One provider of exactly this workspace, or of the instance; the caller has authorised the person."""
    found = providers_of(workspace).filter(pk=provider_id).first()
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


def replacements_for(model: LanguageModel, workspace: Workspace | None) -> list[LanguageModel]:
    """Models that may stand in for one: offered in the same place, and not waiting for it themselves."""
    return [other for other in chat_models(workspace) if other.pk != model.pk and other.retired_at is None]


def affected_gpts(model: LanguageModel, workspace: Workspace | None) -> list[Affected]:
    """GPTs whose draft or live version has the model; of one workspace, or of all for the operator."""
    live = LiveVersion.objects.filter(gpt=OuterRef("pk"), version__language_model=model)
    found = (
        GPT.objects.filter(deleted_at__isnull=True)
        .annotate(is_live_with=Exists(live))
        .filter(Q(language_model=model) | Q(is_live_with=True))
        .select_related("workspace", "owner")
        .order_by("name", "id")
    )
    if workspace is not None:
        found = found.filter(workspace=workspace)
    return [Affected(gpt, gpt.language_model_id == model.pk, gpt.is_live_with) for gpt in found]


def retirements(workspace: Workspace) -> list[Retirement]:
    """Models that have a last day and still serve GPTs of a workspace, the earliest first."""
    leaving = (
        LanguageModel.objects.filter(
            Q(provider__workspace__isnull=True) | Q(provider__workspace=workspace), retired_at__isnull=False
        )
        .select_related("provider", "replacement")
        .order_by("retired_at", "id")
    )
    found = [
        Retirement(model, is_retired(model), last_day(model.retired_at), affected_gpts(model, workspace))
        for model in leaving
        if model.retired_at is not None
    ]
    return [entry for entry in found if entry.affected]


def leaving_soon(at: datetime) -> QuerySet[LanguageModel]:
    """Models within two weeks of their last day whose GPTs' owners were not reminded yet."""
    return LanguageModel.objects.filter(
        retired_at__gt=at, retired_at__lte=at + REMINDER, reminded_at__isnull=True
    ).order_by("id")


def affected_count(model: LanguageModel) -> int:
    """How many GPTs of the whole instance have the model in their draft."""
    counted = GPT.objects.filter(language_model=model, deleted_at__isnull=True).aggregate(n=Count("pk"))
    return int(counted["n"])


def _missing() -> NotFound:
    return not_found()
