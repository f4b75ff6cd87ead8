"""/api/v1/workspaces/<workspace>/usage: what the members used and what it cost, for admins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.metering.queries.company_usage import build_usage_report
from gpts.metering.services.usage_exports import record_usage_export
from gpts.metering.usage_ranges import Dimension, FileLines, Step, parse_usage_query
from gpts.metering.web.usage_files import stream_usage_csv
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.api.workspaces import access_key_workspace
from workspaces.states import ApiScope

FILTERS = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day in UTC; with `to`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day in UTC. Without both: the last 30 days."),
    OpenApiParameter("step", OpenApiTypes.STR, enum=Step.values),
    OpenApiParameter("person", OpenApiTypes.INT, description="Id of an account."),
    OpenApiParameter("gpt", OpenApiTypes.INT),
    OpenApiParameter("model", OpenApiTypes.STR),
    OpenApiParameter("group", OpenApiTypes.STR, description='Id of a group, or "-" for none.'),
    OpenApiParameter("cost_centre", OpenApiTypes.STR, description='A code, or "-" for none.'),
]
LINES = OpenApiParameter(
    "lines",
    OpenApiTypes.STR,
    enum=FileLines.values,
    description="What each line is about, in each period: each use (person, GPT, model), or a cost centre.",
)
BY = OpenApiParameter("by", OpenApiTypes.STR, enum=Dimension.values, description="What divides the parts.")


class UsageSumsSerializer(serializers.Serializer[Any]):
    answers = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Millionths of the currency.")


class UsagePeriodSerializer(UsageSumsSerializer):
    first_day = serializers.DateField()
    last_day = serializers.DateField()


class UsagePartSerializer(UsageSumsSerializer):
    key = serializers.CharField(help_text="What the filter of this dimension takes.")
    name = serializers.CharField()


class UsageRestSerializer(UsageSumsSerializer):
    parts = serializers.IntegerField(help_text="How many parts are added up here.")


class CompanyUsageSerializer(serializers.Serializer[Any]):
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    step = serializers.ChoiceField(choices=Step.choices)
    by = serializers.ChoiceField(choices=Dimension.choices)
    currency = serializers.CharField()
    people = serializers.IntegerField(help_text="How many people used anything.")
    total = UsageSumsSerializer()
    periods = UsagePeriodSerializer(many=True)
    parts = UsagePartSerializer(many=True, help_text="The 100 largest.")
    rest = UsageRestSerializer(help_text="The sum of all other parts.")


class CompanyUsageView(LoggiaAPIView):
    # Not usage:read, which keys have for the usage of their person alone.
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="company_usage_read", parameters=[*FILTERS, BY], responses=CompanyUsageSerializer
    )
    def get(self, request: Request, workspace: str) -> Response:
        """Read what the workspace paid for. Every dimension adds up to the same total."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.VIEW_USAGE)
        query = parse_usage_query(request.query_params, today=timezone.now().date())
        report = build_usage_report(tenant, query)
        return Response(
            CompanyUsageSerializer(
                {
                    "first_day": query.range.start,
                    "last_day": query.range.last,
                    "step": query.step,
                    "by": query.by,
                    "currency": settings.PAYOUT_CURRENCY,
                    "people": report.people,
                    "total": report.total,
                    "periods": [
                        vars(sums) | {"first_day": period.start, "last_day": period.last}
                        for period, sums in report.periods
                    ],
                    "parts": [
                        vars(part.sums) | {"key": part.key, "name": part.label} for part in report.parts
                    ],
                    "rest": vars(report.rest) | {"parts": report.rest_count},
                }
            ).data
        )


class CompanyUsageFileView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="company_usage_export",
        parameters=[*FILTERS, LINES],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, workspace: str) -> StreamingHttpResponse:
        """Fetch a CSV of lines for each period and use, or cost centre. Recorded in the audit log."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.VIEW_USAGE)
        user, key = bearer(request)
        now = timezone.now()
        query = parse_usage_query(request.query_params, today=now.date())
        record_usage_export(workspace=tenant, query=query, by=user, at=now)
        return stream_usage_csv(tenant, query, user=user, api_key=key)
