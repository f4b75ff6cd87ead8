"""/api/v1/usage: the answers that the key's person asked for."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.metering.models import UsageEvent
from gpts.metering.queries.usage import list_own_usage
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.states import ApiScope


@extend_schema_serializer(component_name="Usage")
class UsageSerializer(serializers.ModelSerializer[UsageEvent]):
    gpt = serializers.CharField(
        source="gpt_slug", allow_null=True, help_text="Null when you cannot find this GPT any more."
    )

    class Meta:
        model = UsageEvent
        fields: ClassVar[Any] = [
            "event_id",
            "conversation_id",
            "gpt",
            "occurred_at",
            "model_name",
            "input_tokens",
            "output_tokens",
            "cost_micros",
            "is_estimated",
            "outcome",
            "is_regeneration",
        ]
        read_only_fields: ClassVar[Any] = fields


class UsageView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.USAGE_READ}
    ordering = ("-occurred_at", "-event_id")

    @extend_schema(operation_id="usage_list", responses=UsageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List your own answers in the key's workspace, the newest first. Costs are millionths."""
        user, key = bearer(request)
        return self.page(list_own_usage(user).filter(workspace_id=key.workspace_id), UsageSerializer)
