"""Archive, hand over and delete a workspace: for owners, with a password where a key alone is too little."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import FreshPasswordSerializer, require_password
from workspaces.api.workspaces import access_key_workspace
from workspaces.services.life_cycle import (
    archive_workspace,
    cancel_deletion,
    hand_over,
    plan_deletion,
    reopen_workspace,
)
from workspaces.states import ApiScope


class DeletionSerializer(FreshPasswordSerializer):
    confirmation = serializers.CharField(max_length=10_000, help_text="The name of the workspace.")


class PlannedDeletionSerializer(serializers.Serializer[Any]):
    due = serializers.DateTimeField()


class HandOverSerializer(FreshPasswordSerializer):
    successor = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="The id of the member who becomes an owner."
    )


class ArchiveView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="workspace_archive", request=None, responses={204: None})
    def put(self, request: Request, workspace: str) -> Response:
        """Make the workspace read only."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        archive_workspace(workspace=tenant, by=self.person, at=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="workspace_reopen", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str) -> Response:
        """Open it again; not while its deletion is planned."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        reopen_workspace(workspace=tenant, by=self.person, at=timezone.now())
        return Response(status=204)


class DeletionView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="workspace_deletion_plan",
        request=DeletionSerializer,
        responses={202: PlannedDeletionSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Archive the workspace and delete it in 30 days."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        values = self.read(DeletionSerializer)
        require_password(request, values.get("password", ""))
        due = plan_deletion(
            workspace=tenant, confirmation=values["confirmation"], by=self.person, at=timezone.now()
        )
        return Response(PlannedDeletionSerializer({"due": due}).data, status=202)

    @extend_schema(operation_id="workspace_deletion_cancel", responses={204: None})
    def delete(self, request: Request, workspace: str) -> Response:
        """Keep the workspace; it stays archived."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        cancel_deletion(workspace=tenant, by=self.person, at=timezone.now())
        return Response(status=204)


class HandOverView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="workspace_hand_over", request=HandOverSerializer, responses={204: None})
    def post(self, request: Request, workspace: str) -> Response:
        """Make another member an owner in one's own place."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        values = self.read(HandOverSerializer)
        require_password(request, values.get("password", ""))
        hand_over(workspace=tenant, member_id=values["successor"], by=self.person, at=timezone.now())
        return Response(status=204)
