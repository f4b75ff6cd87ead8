"""GET /api/v1/gpts/<slug>/insights: the Insights tab's figures, as JSON or CSV."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.insights.grouping import GROUP_SIZE
from gpts.insights.queries import Insights, get_insights, get_read_limit
from gpts.insights.ranges import DEFAULT_DAYS, MAX_DAYS, PRESET_DAYS, parse_range
from gpts.insights.services.filling import get_first_unread_day
from gpts.insights.web.insights import build_csv_response
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope

FORMATS = ("json", "csv")


class PeriodSerializer(serializers.Serializer[Any]):
    """Whole days in UTC; both are counted."""

    first_day = serializers.DateField(source="start")
    last_day = serializers.DateField(source="last")


class QuantilesSerializer(serializers.Serializer[Any]):
    """Seconds; null of too few answers."""

    p50 = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


@extend_schema_serializer(component_name="InsightUse")
class UseSerializer(PeriodSerializer):
    people = serializers.IntegerField(help_text="Distinct, rounded down to fives.")
    conversations = serializers.IntegerField()
    turns = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Millionths of the instance's currency.")
    first_token = QuantilesSerializer()
    total = QuantilesSerializer()


@extend_schema_serializer(component_name="InsightShare")
class ShareSerializer(PeriodSerializer):
    count = serializers.IntegerField()
    whole = serializers.IntegerField()


@extend_schema_serializer(component_name="InsightPart")
class PartSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Empty for all that are too small to show, together.")
    turns = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField()


@extend_schema_serializer(component_name="InsightCount")
class CountSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Empty for all that are too small to show, together.")
    count = serializers.IntegerField(source="turns")


@extend_schema_serializer(component_name="InsightWord")
class WordSerializer(serializers.Serializer[Any]):
    word = serializers.CharField()
    people = serializers.IntegerField(help_text="Rounded down to fives.")


@extend_schema_serializer(component_name="InsightWords")
class WordsSerializer(PeriodSerializer):
    words = WordSerializer(many=True)


@extend_schema_serializer(component_name="InsightCohortCell")
class CellSerializer(serializers.Serializer[Any]):
    offset = serializers.IntegerField(help_text="Weeks after the first.")
    active = serializers.IntegerField(
        allow_null=True, help_text="Null where those who came, or did not, are one to four."
    )


@extend_schema_serializer(component_name="InsightCohort")
class CohortSerializer(serializers.Serializer[Any]):
    week = serializers.DateField(help_text="A Monday.")
    size = serializers.IntegerField()
    weeks = CellSerializer(many=True, source="cells")


@extend_schema_serializer(component_name="Insights")
class InsightsSerializer(serializers.Serializer[Any]):
    """Lists are empty where fewer than five people stand behind them."""

    first_day = serializers.DateField(source="range.start")
    last_day = serializers.DateField(source="range.last")
    computed_at = serializers.DateTimeField(allow_null=True)
    has_estimates = serializers.BooleanField(
        help_text="Whether this server estimated the tokens of some answers, as no true count came."
    )
    group_size = serializers.SerializerMethodField()
    people = serializers.IntegerField(
        allow_null=True, help_text="Of the whole range, rounded down to fives; null for days of your own."
    )
    use = UseSerializer(many=True)
    first_token = QuantilesSerializer()
    total = QuantilesSerializer()
    versions = PartSerializer(many=True)
    models = PartSerializer(many=True)
    failures = ShareSerializer(many=True, help_text="Failed of all answers.")
    failure_codes = CountSerializer(many=True, source="codes")
    thumbs = ShareSerializer(many=True, help_text="Thumbs up of all.")
    thumb_reasons = CountSerializer(many=True, source="reasons")
    unanswered = ShareSerializer(many=True, help_text="Questions without a near passage of all looked up.")
    unanswered_words = WordsSerializer(
        allow_null=True, source="words", help_text="Of the newest weeks that have some; null without any."
    )
    cohorts = CohortSerializer(many=True)

    def get_group_size(self, _insights: Insights) -> int:
        return GROUP_SIZE


class InsightsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}

    @extend_schema(
        operation_id="insights_read",
        parameters=[
            OpenApiParameter("days", int, enum=list(PRESET_DAYS), description=f"{DEFAULT_DAYS} when absent."),
            OpenApiParameter("from", OpenApiTypes.DATE, description=f"With to: at most {MAX_DAYS} days."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Counted as well."),
            OpenApiParameter("as", str, enum=list(FORMATS), description="json when absent."),
        ],
        responses={
            (200, "application/json"): InsightsSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Read figures of at least five people each. Days are whole days in UTC; nothing names a person."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_INSIGHTS)
        wanted = request.query_params.get("as", "json")
        if wanted not in FORMATS:
            raise InvalidInput(_("Choose json or csv."), code="unknown_choice", field="as")
        chosen = parse_range(
            request.query_params, today=get_read_limit(gpt, today=get_first_unread_day(timezone.now()))
        )
        if wanted == "csv":
            return build_csv_response(gpt, chosen)
        return Response(InsightsSerializer(get_insights(gpt, chosen)).data)
