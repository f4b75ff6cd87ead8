"""POST /api/v1/gpts/<slug>/knowledge/search: what a question finds in the draft's knowledge, and why."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.knowledge.retrieval import Lookup, get_question_embedder, is_answerable, look_up
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope
from workspaces.web.own_scopes import get_scope, opens_own_scopes


class SearchSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=2_000)
    limit = serializers.IntegerField(min_value=1, max_value=20, default=5)


class HitSerializer(serializers.Serializer[Any]):
    """Ranks count from 1; 0 when it was not found that way. Scores are 0-1."""

    passage_id = serializers.IntegerField(source="passage.passage_id")
    document_id = serializers.IntegerField(source="passage.document_id")
    file = serializers.CharField(source="passage.file")
    heading = serializers.CharField(source="passage.heading")
    page = serializers.IntegerField(source="passage.page", allow_null=True)
    paragraph = serializers.IntegerField(source="passage.paragraph")
    rows = serializers.ListField(
        source="passage.rows",
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="The first and last row of a sheet or CSV.",
    )
    text = serializers.CharField(source="passage.text")
    score = serializers.FloatField(source="passage.score")
    matched = serializers.ListField(child=serializers.CharField())
    text_score = serializers.FloatField()
    text_rank = serializers.IntegerField()
    vector_score = serializers.FloatField()
    vector_rank = serializers.IntegerField()


@extend_schema_serializer(component_name="Found")
class LookupSerializer(serializers.Serializer[Any]):
    """``vectors`` is none (no model set), used, waiting (none made yet) or down (full text alone)."""

    items = HitSerializer(many=True, source="hits")
    is_answerable = serializers.SerializerMethodField()
    absent_terms = serializers.ListField(child=serializers.CharField(), source="absent")
    mended = serializers.DictField(child=serializers.CharField(), source="corrections")
    vectors = serializers.CharField()
    passage_count = serializers.IntegerField()
    milliseconds = serializers.FloatField()

    def get_is_answerable(self, lookup: Lookup) -> bool:
        return is_answerable(lookup.passages)


@opens_own_scopes
class KnowledgeSearchView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_READ}

    @extend_schema(operation_id="knowledge_search", request=SearchSerializer, responses=LookupSerializer)
    def post(self, request: Request, slug: str) -> Response:
        with open_scope(get_scope(request)):
            gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
            values = self.read(SearchSerializer)
            embedder = get_question_embedder(gpt)
        # No transaction is open while the embeddings server answers.
        vector = None if embedder is None else embedder.embed([values["text"]])[0]
        with open_scope(get_scope(request)):
            gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
            found = look_up(gpt, values["text"], values["limit"], vector=vector)
            return Response(LookupSerializer(found).data)
