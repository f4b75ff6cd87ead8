"""/api/v1/operator/workspaces: workspaces with their figures and limits, for operators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.queries.gpts import count_workspace_gpts
from gpts.knowledge.queries import sum_knowledge_bytes
from gpts.metering.queries.instance import sum_usage
from workspaces.access import access_any_workspace
from workspaces.api.fresh_password import require_password
from workspaces.api.people import StaffReasonSerializer
from workspaces.api.staff import OperatorView
from workspaces.models import Workspace
from workspaces.queries import WorkspaceState, list_all_workspaces, list_members, list_owners
from workspaces.services.workspace_control import (
    MAX_LIMIT,
    restore_workspace,
    set_workspace_limits,
    suspend_workspace,
)
from workspaces.states import COMPANY_KINDS, ApiScope, WorkspaceKind

WORK = ApiScope.OPERATOR_WORK
USAGE = timedelta(days=30)


class TenantRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=WorkspaceKind.choices)
    members = serializers.IntegerField(source="member_count")
    seats = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    suspended_at = serializers.DateTimeField(allow_null=True)


class TenantOwnerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField(source="display_name")


class TenantUsageSerializer(serializers.Serializer[Any]):
    answers = serializers.IntegerField()
    people = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Millionths of the instance's currency.")


class TenantSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=WorkspaceKind.choices)
    created_at = serializers.DateTimeField()
    suspended_at = serializers.DateTimeField(allow_null=True)
    owners = TenantOwnerSerializer(many=True)
    members = serializers.IntegerField()
    gpts = serializers.IntegerField()
    knowledge_used = serializers.IntegerField(help_text="Bytes of all files of its GPTs.")
    usage = TenantUsageSerializer(help_text="Of the last 30 days.")
    seats = serializers.IntegerField(allow_null=True)
    knowledge_bytes = serializers.IntegerField(allow_null=True, help_text="Null: as for every workspace.")
    gpt_limit = serializers.IntegerField(allow_null=True)


class TenantLimitsInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[(one.value, one.label) for one in COMPANY_KINDS], required=False)
    seats = serializers.IntegerField(
        allow_null=True, required=False, min_value=0, max_value=MAX_LIMIT["seats"]
    )
    knowledge_bytes = serializers.IntegerField(
        allow_null=True, required=False, min_value=0, max_value=MAX_LIMIT["knowledge_bytes"]
    )
    gpt_limit = serializers.IntegerField(
        allow_null=True, required=False, min_value=0, max_value=MAX_LIMIT["gpt_limit"]
    )


def _answer(tenant: Workspace) -> Response:
    values = {
        name: getattr(tenant, name)
        for name in (
            "id", "slug", "name", "kind", "created_at", "suspended_at", "seats", "knowledge_bytes",
            "gpt_limit",
        )
    }  # fmt: skip
    values |= {
        "owners": list_owners(tenant),
        "members": list_members(tenant).count(),
        "gpts": count_workspace_gpts(tenant.pk),
        "knowledge_used": sum_knowledge_bytes(tenant.pk),
        "usage": sum_usage(tenant.pk, since=timezone.now() - USAGE),
    }
    return Response(TenantSerializer(values).data)


class WorkspacesView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK}

    @extend_schema(
        operation_id="operator_workspace_list",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, description="A part of the name or address, or an id."),
            OpenApiParameter("kind", OpenApiTypes.STR, enum=WorkspaceKind.values),
            OpenApiParameter("state", OpenApiTypes.STR, enum=WorkspaceState.values),
        ],
        responses=TenantRowSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List teams and companies, newest first; personal workspaces with their kind."""
        wanted = {name: request.query_params.get(name, "")[:200] for name in ("q", "kind", "state")}
        return self.page(list_all_workspaces(**wanted), TenantRowSerializer)


class WorkspaceView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK, "PATCH": WORK}

    @extend_schema(operation_id="operator_workspace_read", responses=TenantSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        return _answer(access_any_workspace(workspace))

    @extend_schema(
        operation_id="operator_workspace_change", request=TenantLimitsInput, responses=TenantSerializer
    )
    def patch(self, request: Request, workspace: str) -> Response:
        """Set kind, seats and quotas; null takes a limit away."""
        tenant = access_any_workspace(workspace)
        set_workspace_limits(
            workspace=tenant, values=self.read(TenantLimitsInput), by=self.person, at=timezone.now()
        )
        return _answer(tenant)


class SuspendView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(
        operation_id="operator_workspace_suspend", request=StaffReasonSerializer, responses=TenantSerializer
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Close a workspace until it is restored; its members, keys and open answers lose access at once."""
        values = self.read(StaffReasonSerializer)
        tenant = access_any_workspace(workspace)
        require_password(request, values.get("password", ""))
        suspend_workspace(workspace=tenant, reason=values["reason"], by=self.person, at=timezone.now())
        return _answer(tenant)


class RestoreView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(
        operation_id="operator_workspace_restore", request=StaffReasonSerializer, responses=TenantSerializer
    )
    def post(self, request: Request, workspace: str) -> Response:
        values = self.read(StaffReasonSerializer)
        tenant = access_any_workspace(workspace)
        require_password(request, values.get("password", ""))
        restore_workspace(workspace=tenant, reason=values["reason"], by=self.person, at=timezone.now())
        return _answer(tenant)
