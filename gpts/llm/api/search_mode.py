"""/api/v1/operator/search-mode: how the instance searches by meaning, for operators."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.knowledge.services.embedding_queue import get_waiting_count
from gpts.llm.api.instance import InstanceView
from gpts.llm.embeddings import BuiltinState, get_builtin_state, get_embedding_model, get_search_mode
from gpts.llm.services.semantic_search import set_search_mode
from gpts.llm.states import SearchMode
from workspaces.states import ApiScope


class ChooseSearchModeSerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=SearchMode.choices)


class SearchModeSerializer(ChooseSearchModeSerializer):
    """``model`` is the id of the embeddings model in use, null for words alone.

    ``built_in`` says whether the model that comes with Loggia is available, missing, or off by setting;
    ``failure`` is the code of the last failed batch of passages.
    """

    model = serializers.IntegerField(allow_null=True)
    built_in = serializers.ChoiceField(choices=[state.value for state in BuiltinState])
    failure = serializers.CharField(allow_blank=True)
    waiting_files = serializers.IntegerField()


class InstanceSearchModeView(InstanceView):
    required_scopes: ClassVar = {"GET": ApiScope.OPERATOR_WORK, "PUT": ApiScope.OPERATOR_WORK}

    @extend_schema(operation_id="instance_search_mode_read", responses=SearchModeSerializer)
    def get(self, request: Request) -> Response:
        return Response(SearchModeSerializer(_describe()).data)

    @extend_schema(
        operation_id="instance_search_mode_set",
        request=ChooseSearchModeSerializer,
        responses=SearchModeSerializer,
    )
    def put(self, request: Request) -> Response:
        values = self.read(ChooseSearchModeSerializer)
        set_search_mode(mode=values["mode"], by=self.person, at=timezone.now())
        return Response(SearchModeSerializer(_describe()).data)


def _describe() -> dict[str, Any]:
    model = get_embedding_model(None)
    return {
        "mode": get_search_mode().value,
        "model": None if model is None else model.pk,
        "built_in": get_builtin_state().value,
        "failure": "" if model is None else model.embedding_failure,
        "waiting_files": get_waiting_count(),
    }
