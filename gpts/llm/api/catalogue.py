"""/api/v1/workspaces/<workspace>/model-providers and /models: a workspace's own models, for its admins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.queries.model_retirement import list_affected_gpts, list_retirements
from gpts.assistants.services.model_retirement import replace_in_drafts, set_retirement
from gpts.llm.models import FailedCall, LanguageModel, ModelProvider
from gpts.llm.queries import (
    get_model,
    get_provider,
    get_provider_test,
    list_failed_calls,
    list_providers,
    list_replacements,
)
from gpts.llm.runtime.types import ModelOption
from gpts.llm.services.catalogue import (
    KEY_LENGTH,
    KINDS,
    MODEL_NAME_LENGTH,
    NAME_LENGTH,
    TIME_LIMITS,
    URL_LENGTH,
    ProviderChange,
    add_model,
    change_model,
    change_provider,
    create_provider,
    forget_what_was_learned,
)
from gpts.llm.services.probe import request_test
from gpts.llm.states import Capability, ModelFeature, ModelKind, OptionChoice
from gpts.llm.wording import describe_failure, list_option_states
from workspaces.access import WorkspaceAct, not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import OutboundJobSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import OutboundJob, Workspace
from workspaces.states import ApiScope

LIMIT_HELP = "Seconds, 1 to 3600; null for the instance's limit."


class OptionStateSerializer(serializers.Serializer[Any]):
    """An option of requests to a model."""

    name = serializers.ChoiceField(choices=[option.value for option in ModelOption])
    choice = serializers.ChoiceField(choices=OptionChoice.choices)
    is_sent = serializers.BooleanField()
    refused_at = serializers.DateTimeField(allow_null=True, help_text="When the server refused it.")


class LearnedLimitSerializer(serializers.Serializer[Any]):
    tokens = serializers.IntegerField()
    at = serializers.DateTimeField()


class InputCutSerializer(serializers.Serializer[Any]):
    sent = serializers.IntegerField(help_text="Tokens, by our estimate.")
    counted = serializers.IntegerField(help_text="Tokens, by the provider.")
    at = serializers.DateTimeField()


class LearnedSerializer(serializers.Serializer[Any]):
    """What answers have shown: smaller limits that the server named, and a prompt that it cut, it seems."""

    output_limit = LearnedLimitSerializer(required=False)
    context_window = LearnedLimitSerializer(required=False)
    input_cut = InputCutSerializer(required=False)


class CatalogueModelSerializer(serializers.ModelSerializer[LanguageModel]):
    """Prices are micro-units of the instance's currency per million tokens."""

    replacement = serializers.PrimaryKeyRelatedField[LanguageModel](read_only=True)
    options = serializers.SerializerMethodField()
    learned = serializers.SerializerMethodField()

    class Meta:
        model = LanguageModel
        fields: ClassVar[Any] = [
            "id",
            "name",
            "label",
            "kind",
            "context_window",
            "max_output_tokens",
            "input_price_micros",
            "output_price_micros",
            "capabilities",
            "features",
            "dimensions",
            *TIME_LIMITS,
            "is_default",
            "is_size_assumed",
            "options",
            "learned",
            "retired_at",
            "replacement",
        ]
        read_only_fields: ClassVar[Any] = fields

    @extend_schema_field(OptionStateSerializer(many=True))
    def get_options(self, model: LanguageModel) -> Any:
        return OptionStateSerializer(list_option_states(model), many=True).data

    @extend_schema_field(LearnedSerializer)
    def get_learned(self, model: LanguageModel) -> Any:
        return LearnedSerializer(model.learned).data


class FailedCallSerializer(serializers.ModelSerializer[FailedCall]):
    """``provider_text`` is what the provider said, without keys and without what it quotes of prompts."""

    message = serializers.SerializerMethodField(help_text="What it means, for those who run the model.")

    class Meta:
        model = FailedCall
        fields: ClassVar[Any] = [
            "id",
            "code",
            "message",
            "status",
            "provider_text",
            "count",
            "first_at",
            "last_at",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_message(self, call: FailedCall) -> str:
        return describe_failure(call.code, call.model.provider.kind)


class ModelProviderSerializer(serializers.ModelSerializer[ModelProvider]):
    """The key is never shown, only whether there is one."""

    has_key = serializers.SerializerMethodField()
    models = CatalogueModelSerializer(many=True, read_only=True)

    class Meta:
        model = ModelProvider
        fields: ClassVar[Any] = [
            "id",
            "name",
            "kind",
            "base_url",
            "has_key",
            "is_enabled",
            "created_at",
            "models",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_has_key(self, provider: ModelProvider) -> bool:
        return bool(provider.sealed_key)


class ChangeProviderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(required=False, max_length=NAME_LENGTH)
    kind = serializers.ChoiceField(required=False, choices=[kind.value for kind in KINDS])
    base_url = serializers.CharField(required=False, max_length=URL_LENGTH, help_text="Up to /v1.")
    key = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=KEY_LENGTH,
        write_only=True,
        help_text="Stored encrypted. Empty removes it; needed again with a new address.",
    )
    is_enabled = serializers.BooleanField(required=False)


class NewProviderSerializer(ChangeProviderSerializer):
    name = serializers.CharField(max_length=NAME_LENGTH)
    kind = serializers.ChoiceField(choices=[kind.value for kind in KINDS])
    base_url = serializers.CharField(max_length=URL_LENGTH, help_text="Up to /v1.")


class ChangeModelSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(  # type: ignore[assignment]  # a field of the body, not Field.label
        required=False, allow_blank=True, max_length=NAME_LENGTH
    )
    kind = serializers.ChoiceField(required=False, choices=ModelKind.choices)
    context_window = serializers.IntegerField(required=False)
    max_output_tokens = serializers.IntegerField(required=False)
    input_price_micros = serializers.IntegerField(required=False)
    output_price_micros = serializers.IntegerField(required=False)
    capabilities = serializers.ListField(
        required=False, child=serializers.ChoiceField(choices=Capability.choices)
    )
    features = serializers.ListField(
        required=False, child=serializers.ChoiceField(choices=ModelFeature.choices)
    )
    dimensions = serializers.IntegerField(required=False, allow_null=True)
    first_token_seconds = serializers.IntegerField(required=False, allow_null=True, help_text=LIMIT_HELP)
    silence_seconds = serializers.IntegerField(required=False, allow_null=True, help_text=LIMIT_HELP)
    answer_seconds = serializers.IntegerField(required=False, allow_null=True, help_text=LIMIT_HELP)
    is_default = serializers.BooleanField(required=False)
    options = serializers.DictField(
        required=False,
        child=serializers.ChoiceField(choices=OptionChoice.choices),
        help_text="By name of the option, whether it is sent. What is left out stays as it is.",
    )


class NewModelSerializer(ChangeModelSerializer):
    name = serializers.CharField(max_length=MODEL_NAME_LENGTH, help_text="As the provider knows it.")


class RetirementSerializer(serializers.Serializer[Any]):
    retired_at = serializers.DateTimeField(allow_null=True, help_text="Null cancels the retirement.")
    replacement = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a model.")


@extend_schema_serializer(component_name="Replace")
class ReplaceModelSerializer(serializers.Serializer[Any]):
    gpts = serializers.ListField(child=serializers.CharField(max_length=80), max_length=500)


@extend_schema_serializer(component_name="Replaced")
class ReplacedCountSerializer(serializers.Serializer[Any]):
    replaced = serializers.IntegerField()


class ProviderTestSerializer(OutboundJobSerializer):
    """A connection test. ``names`` are the models that the provider offers, once ``state`` is done."""

    names = serializers.SerializerMethodField()

    class Meta(OutboundJobSerializer.Meta):
        fields: ClassVar[Any] = [*OutboundJobSerializer.Meta.fields, "names"]
        read_only_fields: ClassVar[Any] = fields

    def get_names(self, job: OutboundJob) -> list[str]:
        names: list[str] = job.result.get("names", [])
        return names


@extend_schema_serializer(component_name="Affected")
class AffectedGPTSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(source="gpt.slug")
    name = serializers.CharField(source="gpt.name")
    in_draft = serializers.BooleanField()
    is_live = serializers.BooleanField()


class CatalogueView(LoggiaAPIView):
    def get_tenant(self, request: Request, slug: str) -> Workspace | None:
        """Return the workspace whose catalogue the person administers; None for the instance's catalogue."""
        return access_key_workspace(request, slug, to=WorkspaceAct.MANAGE_MODELS)


class ProvidersView(CatalogueView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}
    ordering = ("id",)

    @extend_schema(operation_id="model_provider_list", responses=ModelProviderSerializer(many=True))
    def get(self, request: Request, *, workspace: str = "") -> Response:
        """List the workspace's own providers, without those of the instance."""
        return self.page(list_providers(self.get_tenant(request, workspace)), ModelProviderSerializer)

    @extend_schema(
        operation_id="model_provider_add",
        request=NewProviderSerializer,
        responses={201: ModelProviderSerializer},
    )
    def post(self, request: Request, *, workspace: str = "") -> Response:
        tenant = self.get_tenant(request, workspace)
        change = ProviderChange(**self.read(NewProviderSerializer))
        provider = create_provider(workspace=tenant, change=change, by=self.person, at=timezone.now())
        return Response(ModelProviderSerializer(provider).data, status=201)


class ProviderView(CatalogueView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PATCH": ApiScope.ACCOUNT}

    @extend_schema(operation_id="model_provider_read", responses=ModelProviderSerializer)
    def get(self, request: Request, *, workspace: str = "", provider_id: int) -> Response:
        provider = get_provider(self.get_tenant(request, workspace), provider_id)
        return Response(ModelProviderSerializer(provider).data)

    @extend_schema(
        operation_id="model_provider_change",
        request=ChangeProviderSerializer,
        responses=ModelProviderSerializer,
    )
    def patch(self, request: Request, *, workspace: str = "", provider_id: int) -> Response:
        provider = get_provider(self.get_tenant(request, workspace), provider_id)
        change = ProviderChange(**self.read(ChangeProviderSerializer))
        saved = change_provider(provider=provider, change=change, by=self.person, at=timezone.now())
        return Response(ModelProviderSerializer(saved).data)


class ProviderTestView(CatalogueView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="model_provider_test_read", responses=ProviderTestSerializer)
    def get(self, request: Request, *, workspace: str = "", provider_id: int) -> Response:
        """Show the newest connection test; 404 when there was none in the last week."""
        test = get_provider_test(get_provider(self.get_tenant(request, workspace), provider_id))
        if test is None:
            raise not_found()
        return Response(ProviderTestSerializer(test).data)

    @extend_schema(operation_id="model_provider_test", request=None, responses={202: ProviderTestSerializer})
    def post(self, request: Request, *, workspace: str = "", provider_id: int) -> Response:
        """Have the provider's list of models requested with the stored key. Ask until the test has ended."""
        provider = get_provider(self.get_tenant(request, workspace), provider_id)
        test = request_test(provider=provider, by=self.person, at=timezone.now())
        return Response(ProviderTestSerializer(test).data, status=202)


class ProviderModelsView(CatalogueView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="catalogue_model_add",
        request=NewModelSerializer,
        responses={201: CatalogueModelSerializer},
    )
    def post(self, request: Request, *, workspace: str = "", provider_id: int) -> Response:
        provider = get_provider(self.get_tenant(request, workspace), provider_id)
        values = self.read(NewModelSerializer)
        model = add_model(provider=provider, values=values, by=self.person, at=timezone.now())
        return Response(CatalogueModelSerializer(model).data, status=201)


class CatalogueModelView(CatalogueView):
    required_scopes: ClassVar = {"PATCH": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="catalogue_model_change",
        request=ChangeModelSerializer,
        responses=CatalogueModelSerializer,
    )
    def patch(self, request: Request, *, workspace: str = "", model_id: int) -> Response:
        model = get_model(self.get_tenant(request, workspace), model_id)
        values = self.read(ChangeModelSerializer)
        saved = change_model(model=model, values=values, by=self.person, at=timezone.now())
        return Response(CatalogueModelSerializer(saved).data)


class LearnedView(CatalogueView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="catalogue_model_forget", responses=CatalogueModelSerializer)
    def delete(self, request: Request, *, workspace: str = "", model_id: int) -> Response:
        """Forget what answers have shown, so that every option is sent again until the server refuses it."""
        model = get_model(self.get_tenant(request, workspace), model_id)
        saved = forget_what_was_learned(model=model, by=self.person, at=timezone.now())
        return Response(CatalogueModelSerializer(saved).data)


class FailedCallsView(CatalogueView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}
    ordering = ("-last_at", "-id")

    @extend_schema(operation_id="catalogue_model_failures", responses=FailedCallSerializer(many=True))
    def get(self, request: Request, *, workspace: str = "", model_id: int) -> Response:
        """List the newest failures of the model, at most 30, none older than 30 days."""
        model = get_model(self.get_tenant(request, workspace), model_id)
        return self.page(list_failed_calls(model), FailedCallSerializer)


class RetirementView(CatalogueView):
    required_scopes: ClassVar = {"PUT": ApiScope.ACCOUNT, "GET": ApiScope.ACCOUNT}

    @extend_schema(operation_id="catalogue_model_affected", responses=AffectedGPTSerializer(many=True))
    def get(self, request: Request, *, workspace: str, model_id: int) -> Response:
        """List GPTs of the workspace whose draft or live version uses the model."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_MODELS)
        affected = list_affected_gpts(_get_visible_model(tenant, model_id), tenant)
        return Response(AffectedGPTSerializer(affected, many=True).data)

    @extend_schema(
        operation_id="catalogue_model_retire",
        request=RetirementSerializer,
        responses=CatalogueModelSerializer,
    )
    def put(self, request: Request, *, workspace: str = "", model_id: int) -> Response:
        """Set or clear the retirement and the replacement; owners are notified of a new date."""
        tenant = self.get_tenant(request, workspace)
        model = get_model(tenant, model_id)
        values = self.read(RetirementSerializer)
        replacement_id = values.get("replacement")
        offered = {other.pk: other for other in list_replacements(model, tenant)}
        if replacement_id is not None and replacement_id not in offered:
            raise serializers.ValidationError({"replacement": "This model is not offered here."})
        saved = set_retirement(
            model=model,
            retired_at=values["retired_at"],
            replacement=None if replacement_id is None else offered[replacement_id],
            by=self.person,
            at=timezone.now(),
        )
        return Response(CatalogueModelSerializer(saved).data)


class ReplaceView(CatalogueView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="catalogue_model_replace",
        request=ReplaceModelSerializer,
        responses=ReplacedCountSerializer,
    )
    def post(self, request: Request, *, workspace: str, model_id: int) -> Response:
        """Put the model's replacement into the given drafts that use the model."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_MODELS)
        model = _get_visible_model(tenant, model_id)
        slugs = set(self.read(ReplaceModelSerializer)["gpts"])
        if model.replacement is None:
            raise serializers.ValidationError({"replacement": "Choose a replacement first."})
        picked = [
            entry.gpt
            for entry in list_affected_gpts(model, tenant)
            if entry.in_draft and entry.gpt.slug in slugs
        ]
        count = replace_in_drafts(
            model=model, replacement=model.replacement, gpts=picked, by=self.person, at=timezone.now()
        )
        return Response({"replaced": count})


def _get_visible_model(tenant: Workspace, model_id: int) -> LanguageModel:
    """Return a model of the workspace, or a retiring one of the instance that its GPTs use."""
    for entry in list_retirements(tenant):
        if entry.model.pk == model_id:
            return entry.model
    return get_model(tenant, model_id)
