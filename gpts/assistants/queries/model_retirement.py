"""Queries for the GPTs that the retirement of a model affects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from gpts.assistants.models import GPT, LiveVersion
from gpts.llm.catalogue import is_retired, last_day
from gpts.llm.models import LanguageModel
from workspaces.models import Workspace

REMINDER_PERIOD = timedelta(days=14)


@dataclass(frozen=True)
class AffectedGPT:
    """A GPT that a model's end touches: in its draft, in what is live, or both."""

    gpt: GPT
    in_draft: bool
    is_live: bool


@dataclass(frozen=True)
class Retirement:
    model: LanguageModel
    is_over: bool
    last_day: date
    affected: list[AffectedGPT]


def list_affected_gpts(model: LanguageModel, workspace: Workspace | None) -> list[AffectedGPT]:
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
    return [AffectedGPT(gpt, gpt.language_model_id == model.pk, gpt.is_live_with) for gpt in found]


def list_retirements(workspace: Workspace) -> list[Retirement]:
    """Models that have a last day and still serve GPTs of a workspace, the earliest first."""
    leaving = (
        LanguageModel.objects.filter(
            Q(provider__workspace__isnull=True) | Q(provider__workspace=workspace), retired_at__isnull=False
        )
        .select_related("provider", "replacement")
        .order_by("retired_at", "id")
    )
    found = [
        Retirement(model, is_retired(model), last_day(model.retired_at), list_affected_gpts(model, workspace))
        for model in leaving
        if model.retired_at is not None
    ]
    return [entry for entry in found if entry.affected]


def list_models_to_remind(at: datetime) -> QuerySet[LanguageModel]:
    """Models within two weeks of their last day whose GPTs' owners were not reminded yet."""
    return LanguageModel.objects.filter(
        retired_at__gt=at, retired_at__lte=at + REMINDER_PERIOD, reminded_at__isnull=True
    ).order_by("id")


def count_drafts_with_model(model: LanguageModel) -> int:
    """How many GPTs of the whole instance have the model in their draft."""
    counted = GPT.objects.filter(language_model=model, deleted_at__isnull=True).aggregate(n=Count("pk"))
    return int(counted["n"])
