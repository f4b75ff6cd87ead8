"""Which language models are offered where, what each understands, and which one answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability, ModelChoice, ModelFeature, ModelKind, ProviderKind
from workspaces.models import Workspace

# A chain of replacements longer than this is a circle or neglect.
MAX_REPLACEMENTS = 5
# What the protocol cannot say, whatever the model's row claims.
FEATURES_MISSING = {
    ProviderKind.RESPONSES: frozenset({ModelFeature.SEED}),
    ProviderKind.CHAT_COMPLETIONS: frozenset[ModelFeature](),
    ProviderKind.OFFLINE: frozenset(ModelFeature),
}
# Run by the provider itself, if its protocol has them.
PROVIDER_TOOLS = (Capability.WEB_SEARCH, Capability.CODE, Capability.IMAGE_GENERATION)
# What most models of today understand; for models about which nothing more is known than the name.
USUAL_FEATURES = tuple(ModelFeature)


class ModelPreference(Protocol):
    """What a GPT's draft or version says about its model."""

    @property
    def language_model(self) -> LanguageModel | None: ...
    @property
    def language_model_id(self) -> int | None: ...
    @property
    def model_choice(self) -> str: ...
    @property
    def allowed_models(self) -> Sequence[str]: ...


def list_chat_models(workspace: Workspace | None, at: datetime | None = None) -> QuerySet[LanguageModel]:
    """Models that may answer in ``workspace`` as of ``at`` (now by default), the best default first.

    The workspace's own providers come before the instance's, the offline model last. Without a workspace
    only the instance's.
    """
    closeness = Case(
        When(provider__kind=ProviderKind.OFFLINE, then=Value(2)),
        When(provider__workspace__isnull=True, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    whose = Q(provider__workspace__isnull=True)
    if workspace is not None:
        whose |= Q(provider__workspace=workspace)
    return (
        LanguageModel.objects.select_related("provider")
        .filter(
            whose,
            Q(retired_at__isnull=True) | Q(retired_at__gt=_moment(at)),
            provider__is_enabled=True,
            kind=ModelKind.CHAT,
        )
        .order_by(closeness, "-is_default", "label", "id")
    )


def list_offered_models(workspace: Workspace) -> list[LanguageModel]:
    """Chat models usable now in a workspace, its own first, the offline model last. One query."""
    return list(list_chat_models(workspace))


def list_model_choices(behaviour: ModelPreference, workspace: Workspace) -> list[LanguageModel]:
    """What a chat user may choose, the recommended (or the model that stands in for it) first.

    With one entry there is nothing to choose. Listed models count by name, so that a replaced row of the
    same name stays allowed.
    """
    recommended = get_usable_model(behaviour, workspace)
    if recommended is None:
        return []
    if behaviour.model_choice == ModelChoice.FIXED:
        return [recommended]
    others = [model for model in list_offered_models(workspace) if model.pk != recommended.pk]
    if behaviour.model_choice == ModelChoice.LISTED:
        others = [model for model in others if model.name in behaviour.allowed_models]
    else:
        others = [model for model in others if model.provider.kind != ProviderKind.OFFLINE]
    return [recommended, *others]


def get_usable_model(
    behaviour: ModelPreference, workspace: Workspace, chosen: LanguageModel | None = None
) -> LanguageModel | None:
    """The model that answers: the chosen one while it is allowed and offered, else the GPT's own, else its
    replacement, else the workspace's default. None only before ensure_providers ran.

    No query while the GPT's own model serves and nothing was chosen.
    """
    if chosen is not None and may_choose_model(behaviour, workspace, chosen):
        return chosen
    own = get_stand_in_model(behaviour.language_model, workspace)
    return own if own is not None else list_chat_models(workspace).first()


def may_choose_model(behaviour: ModelPreference, workspace: Workspace, model: LanguageModel) -> bool:
    """Whether a chat user may have this model instead of the recommended one."""
    if not is_offered(model, workspace):
        return False
    if model.pk == behaviour.language_model_id:
        return True
    if behaviour.model_choice == ModelChoice.ANY:
        return model.provider.kind != ProviderKind.OFFLINE
    return behaviour.model_choice == ModelChoice.LISTED and model.name in behaviour.allowed_models


def get_stand_in_model(model: LanguageModel | None, workspace: Workspace) -> LanguageModel | None:
    """The model itself while it is offered, else the first of its replacements that is; None without one."""
    for _step in range(MAX_REPLACEMENTS):
        if model is None:
            return None
        if is_offered(model, workspace):
            return model
        if model.replacement_id is None:
            return None
        model = LanguageModel.objects.select_related("provider").filter(pk=model.replacement_id).first()
    return None


def is_offered(model: LanguageModel, workspace: Workspace, at: datetime | None = None) -> bool:
    """Whether a model may answer in a workspace: never another workspace's, never a retired one."""
    provider = model.provider
    return (
        provider.is_enabled
        and provider.workspace_id in (None, workspace.pk)
        and model.kind == ModelKind.CHAT
        and not is_retired(model, at)
    )


def is_retired(model: LanguageModel, at: datetime | None = None) -> bool:
    return model.retired_at is not None and model.retired_at <= _moment(at)


def get_last_day(retired_at: datetime) -> date:
    """The last day, in UTC, on which a model answers: one that ends at midnight does not answer after it."""
    return (retired_at.astimezone(UTC) - timedelta(microseconds=1)).date()


def get_features(model: LanguageModel | None) -> frozenset[str]:
    """What settings have an effect with this model: its features less what its protocol cannot say."""
    if model is None:
        return frozenset()
    missing = FEATURES_MISSING[ProviderKind(model.provider.kind)]
    return frozenset(feature for feature in model.features if feature not in missing)


def get_provider_tools(model: LanguageModel | None) -> tuple[str, ...]:
    """The provider's own tools that this model can be given: only the Responses protocol has them."""
    if model is None or model.provider.kind != ProviderKind.RESPONSES:
        return ()
    return tuple(tool.value for tool in PROVIDER_TOOLS if tool in model.capabilities)


def _moment(at: datetime | None) -> datetime:
    # What is offered is asked by pages and turns about the moment of asking; jobs name theirs.
    return timezone.now() if at is None else at
