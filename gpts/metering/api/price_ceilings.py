"""/api/v1/workspaces/<workspace>/price-ceiling: what it pays at most for models of other workspaces."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.llm.services.catalogue import LARGEST_PRICE
from gpts.metering.models import PriceCeiling
from gpts.metering.queries.price_ceilings import get_price_ceiling
from gpts.metering.services.price_ceilings import set_price_ceiling
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.workspaces import access_key_workspace
from workspaces.states import ApiScope


class PriceCeilingSerializer(serializers.Serializer[Any]):
    """Micro-units of the instance's currency per million tokens; null twice: no ceiling."""

    input_price_micros = serializers.IntegerField(min_value=0, max_value=LARGEST_PRICE, allow_null=True)
    output_price_micros = serializers.IntegerField(min_value=0, max_value=LARGEST_PRICE, allow_null=True)


class PriceCeilingView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PUT": ApiScope.ACCOUNT}

    @extend_schema(operation_id="price_ceiling_read", responses=PriceCeilingSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_BUDGETS)
        return Response(_serialize(get_price_ceiling(tenant)))

    @extend_schema(
        operation_id="price_ceiling_set", request=PriceCeilingSerializer, responses=PriceCeilingSerializer
    )
    def put(self, request: Request, workspace: str) -> Response:
        """Set both prices, or null twice for no ceiling; it holds from the next answer on."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_BUDGETS)
        values = self.read(PriceCeilingSerializer)
        ceiling = set_price_ceiling(workspace=tenant, **values, by=self.person, at=timezone.now())
        return Response(_serialize(ceiling))


def _serialize(ceiling: PriceCeiling | None) -> dict[str, int | None]:
    return {
        "input_price_micros": None if ceiling is None else ceiling.input_price_micros,
        "output_price_micros": None if ceiling is None else ceiling.output_price_micros,
    }
