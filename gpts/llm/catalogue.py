"""Rules of the model catalogue for a chat: which models a workspace offers, and which one answers.

Reading single rows for the people who administer providers and models is in ``gpts.llm.queries``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import ModelOption
from gpts.llm.states import (
    Capability,
    ModelChoice,
    ModelFeature,
    ModelKind,
    OptionChoice,
    ProviderKind,
)
from workspaces.models import Workspace

# Longer chains of replacements are cycles or mistakes.
MAX_REPLACEMENTS = 5
# Features that a protocol cannot express, whatever the model's row says.
FEATURES_MISSING = {
    ProviderKind.RESPONSES: frozenset({ModelFeature.SEED}),
    ProviderKind.CHAT_COMPLETIONS: frozenset[ModelFeature](),
    ProviderKind.OFFLINE: frozenset(ModelFeature),
}
# The options that requests of a protocol may have, in the order of the model's page.
OPTIONS = {
    ProviderKind.RESPONSES: (
        ModelOption.MAX_OUTPUT_TOKENS,
        ModelOption.STREAM,
        ModelOption.TEMPERATURE,
        ModelOption.SYSTEM_ROLE,
        ModelOption.TOOLS,
        ModelOption.PARALLEL_TOOL_CALLS,
        ModelOption.TOOL_CHOICE,
        ModelOption.PROVIDER_TOOLS,
        ModelOption.JSON_SCHEMA,
        ModelOption.JSON_MODE,
        ModelOption.STORE,
    ),
    ProviderKind.CHAT_COMPLETIONS: (
        ModelOption.MAX_TOKENS,
        ModelOption.MAX_COMPLETION_TOKENS,
        ModelOption.STREAM,
        ModelOption.STREAM_OPTIONS,
        ModelOption.TEMPERATURE,
        ModelOption.SEED,
        ModelOption.SYSTEM_ROLE,
        ModelOption.TOOLS,
        ModelOption.PARALLEL_TOOL_CALLS,
        ModelOption.TOOL_CHOICE,
        ModelOption.JSON_SCHEMA,
        ModelOption.JSON_MODE,
        ModelOption.NULL_CONTENT,
    ),
    ProviderKind.OFFLINE: (),
}
# Features that a model lacks when the option is not sent.
OPTION_FEATURES = {
    ModelOption.TEMPERATURE: ModelFeature.TEMPERATURE,
    ModelOption.SEED: ModelFeature.SEED,
    ModelOption.JSON_SCHEMA: ModelFeature.JSON_SCHEMA,
    ModelOption.JSON_MODE: ModelFeature.JSON_MODE,
    ModelOption.TOOLS: ModelFeature.TOOLS,
    ModelOption.PARALLEL_TOOL_CALLS: ModelFeature.PARALLEL_TOOLS,
}
# Tools that the provider runs, if its protocol has them.
PROVIDER_TOOLS = (Capability.WEB_SEARCH, Capability.CODE, Capability.IMAGE_GENERATION)
# Assumed for models of which only the name is known.
USUAL_FEATURES = tuple(ModelFeature)
LARGEST_WINDOW = 20_000_000  # tokens, of any model


class ModelPreference(Protocol):
    """The settings of a GPT's draft or version that choose its model."""

    @property
    def language_model(self) -> LanguageModel | None: ...
    @property
    def language_model_id(self) -> int | None: ...
    @property
    def model_choice(self) -> str: ...
    @property
    def allowed_models(self) -> Sequence[str]: ...


def list_chat_models(workspace: Workspace | None, at: datetime | None = None) -> QuerySet[LanguageModel]:
    """Return models that may answer in ``workspace`` as of ``at`` (now by default), the best default first.

    The workspace's own providers come before the instance's, the offline model last. Without a workspace:
    the instance's only.
    """
    rank = Case(
        When(provider__kind=ProviderKind.OFFLINE, then=Value(2)),
        When(provider__workspace__isnull=True, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    offered_by = Q(provider__workspace__isnull=True)
    if workspace is not None:
        offered_by |= Q(provider__workspace=workspace)
    return (
        LanguageModel.objects.select_related("provider")
        .filter(
            offered_by,
            Q(retired_at__isnull=True) | Q(retired_at__gt=_moment(at)),
            provider__is_enabled=True,
            kind=ModelKind.CHAT,
        )
        .order_by(rank, "-is_default", "label", "id")
    )


def list_offered_models(workspace: Workspace) -> list[LanguageModel]:
    """Return chat models usable now in a workspace, its own first, the offline model last. One query."""
    return list(list_chat_models(workspace))


def list_model_choices(behaviour: ModelPreference, workspace: Workspace) -> list[LanguageModel]:
    """Return the models that a chat user may choose, first the recommended one or its replacement.

    With one entry there is nothing to choose. ``allowed_models`` are names, so that another row with the same
    name stays allowed.
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
    """Return the model that answers: the chosen one while it is allowed and offered, else the GPT's own, else
    its replacement, else the workspace's default. None only before ``ensure_providers`` has run.

    No query if nothing was chosen and the GPT's own model is offered.
    """
    if chosen is not None and may_choose_model(behaviour, workspace, chosen):
        return chosen
    own = get_stand_in_model(behaviour.language_model, workspace)
    return own if own is not None else list_chat_models(workspace).first()


def may_choose_model(behaviour: ModelPreference, workspace: Workspace, model: LanguageModel) -> bool:
    """Whether a chat user may choose this model instead of the recommended one."""
    if not is_offered(model, workspace):
        return False
    if model.pk == behaviour.language_model_id:
        return True
    if behaviour.model_choice == ModelChoice.ANY:
        return model.provider.kind != ProviderKind.OFFLINE
    return behaviour.model_choice == ModelChoice.LISTED and model.name in behaviour.allowed_models


def get_stand_in_model(model: LanguageModel | None, workspace: Workspace) -> LanguageModel | None:
    """Return the model while it is offered, else the first offered one of its chain of replacements."""
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
    """Whether a model may answer in a workspace; another workspace's and retired ones may not."""
    provider = model.provider
    return (
        provider.is_enabled
        and provider.workspace_id in (None, workspace.pk)
        and model.kind == ModelKind.CHAT
        and not is_retired(model, at)
    )


def is_foreign(model: LanguageModel | None, workspace_id: int) -> bool:
    """Whether another workspace runs the model, so that a stranger counts its tokens and sets its price."""
    return model is not None and model.provider.workspace_id not in (None, workspace_id)


def is_retired(model: LanguageModel, at: datetime | None = None) -> bool:
    return model.retired_at is not None and model.retired_at <= _moment(at)


def get_last_day(retired_at: datetime) -> date:
    """Return the last day in UTC on which a model answers; for midnight it is the day that ends then."""
    return (retired_at.astimezone(UTC) - timedelta(microseconds=1)).date()


def get_features(model: LanguageModel | None) -> frozenset[str]:
    """Return the features that have an effect: the model's, less those its protocol cannot express."""
    if model is None:
        return frozenset()
    missing = FEATURES_MISSING[ProviderKind(model.provider.kind)]
    omitted = get_omitted_options(model)
    missing |= {feature for option, feature in OPTION_FEATURES.items() if option in omitted}
    return frozenset(feature for feature in model.features if feature not in missing)


def get_omitted_options(model: LanguageModel) -> frozenset[ModelOption]:
    """Return the options that are not sent to a model: by choice, or because its server refused them."""
    choices = model.option_choices
    learned = model.learned.get("options", {})
    return frozenset(
        option
        for option in OPTIONS[ProviderKind(model.provider.kind)]
        if choices.get(option) == OptionChoice.OMITTED or (option in learned and option not in choices)
    )


def get_output_limit(model: LanguageModel) -> int:
    """Return the longest answer in tokens: the model's, or a smaller limit that its server has named."""
    return min(model.max_output_tokens, _get_learned_tokens(model, "output_limit"))


def get_context_window(model: LanguageModel) -> int:
    """Return the context window in tokens: the model's, or a smaller one that its server has named."""
    return min(model.context_window, _get_learned_tokens(model, "context_window"))


def _get_learned_tokens(model: LanguageModel, name: str) -> int:
    tokens: int = model.learned.get(name, {}).get("tokens", LARGEST_WINDOW)
    return tokens


def get_provider_tools(model: LanguageModel | None) -> tuple[str, ...]:
    """Return the provider's tools that this model can use; only the Responses protocol has any."""
    if model is None or model.provider.kind != ProviderKind.RESPONSES:
        return ()
    if ModelOption.PROVIDER_TOOLS in get_omitted_options(model):
        return ()
    return tuple(tool.value for tool in PROVIDER_TOOLS if tool in model.capabilities)


def _moment(at: datetime | None) -> datetime:
    # Pages and turns mean the current time; jobs pass theirs.
    return timezone.now() if at is None else at
