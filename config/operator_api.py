"""/api/v1/operator/health and /limits: the figures of the operator's console, for programs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import URLPattern, path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.operator_health import list_health
from config.operator_limits import list_limits
from workspaces.api.staff import OperatorView
from workspaces.states import ApiScope

WORK = ApiScope.OPERATOR_WORK


class HealthPartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="In your language, as the other texts.")
    value = serializers.CharField(help_text="What was found, such as a version.")
    problem = serializers.CharField(help_text="What to do; empty when all is in order.")
    is_reachable = serializers.BooleanField()


class HealthSerializer(serializers.Serializer[Any]):
    is_healthy = serializers.BooleanField(help_text="Whether everything that was asked does its work.")
    servers = HealthPartSerializer(many=True)
    queues = HealthPartSerializer(many=True)
    storage = HealthPartSerializer(many=True)
    search = HealthPartSerializer(many=True)
    mail = HealthPartSerializer(many=True)
    providers = HealthPartSerializer(many=True)


class LimitSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the base class's label
    value = serializers.CharField(help_text="With its unit, in your language.")
    where = serializers.CharField(help_text="The page or the variable of the environment that changes it.")
    path = serializers.CharField(source="url", help_text="That page, empty where there is none.")


class LimitGroupSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    limits = LimitSerializer(many=True)


class HealthView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK}

    @extend_schema(operation_id="operator_health", responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        """Return the parts of the instance, what was found, and what should be corrected."""
        parts = list_health(at=timezone.now())
        is_healthy = all(one.is_reachable for found in parts.values() for one in found)
        return Response(HealthSerializer({"is_healthy": is_healthy, **parts}).data)


class LimitsView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK}
    pagination_class = None

    @extend_schema(operation_id="operator_limit_list", responses=LimitGroupSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return every limit of the instance with its present value, and where it is changed."""
        groups = [{"title": title, "limits": limits} for title, limits in list_limits()]
        return Response(LimitGroupSerializer(groups, many=True).data)


urlpatterns: list[URLPattern] = [
    path("operator/health", HealthView.as_view(), name="operator-health-detail"),
    path("operator/limits", LimitsView.as_view(), name="operator-limit-list"),
]
