"""/api/v1/workspaces/<workspace>/groups|members/<id>/cost-centre, for admins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import WorkspaceAct, access_group, access_member
from workspaces.api.base import LoggiaAPIView
from workspaces.api.workspaces import access_key_workspace
from workspaces.services.cost_centres import set_group_cost_centre, set_member_cost_centre
from workspaces.states import ApiScope


class CostCentreSerializer(serializers.Serializer[Any]):
    cost_centre = serializers.CharField(
        max_length=10_000, allow_blank=True, help_text="Up to 20 letters and digits; empty for none."
    )


class GroupCostCentreView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="group_cost_centre_set", request=CostCentreSerializer, responses=CostCentreSerializer
    )
    def put(self, request: Request, workspace: str, group_id: int) -> Response:
        """Charge what the group's people use to a cost centre."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GROUPS)
        code = self.read(CostCentreSerializer)["cost_centre"]
        group = access_group(self.person, tenant, group_id)
        set_group_cost_centre(group=group, code=code, by=self.person, at=timezone.now())
        return Response({"cost_centre": group.cost_centre})


class MemberCostCentreView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="member_cost_centre_set", request=CostCentreSerializer, responses=CostCentreSerializer
    )
    def put(self, request: Request, workspace: str, member_id: int) -> Response:
        """Charge what a member uses to a cost centre of their own, which wins over those of groups."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        code = self.read(CostCentreSerializer)["cost_centre"]
        member = access_member(tenant, member_id)
        set_member_cost_centre(member=member, code=code, by=self.person, at=timezone.now())
        return Response({"cost_centre": member.cost_centre})
