"""/api/v1/workspaces/<workspace>/exports: everything that a workspace holds, as a file. For owners."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import WorkspaceAct, access_export, access_export_file
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import FreshPasswordSerializer, require_password
from workspaces.api.me import bearer
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import WorkspaceExport
from workspaces.queries.exports import list_exports
from workspaces.services.workspace_exports import delete_export, request_export
from workspaces.states import ApiScope
from workspaces.web.export_files import start_download


class WorkspaceExportSerializer(serializers.ModelSerializer[WorkspaceExport]):
    requested_by = PersonSerializer(read_only=True)

    class Meta:
        model = WorkspaceExport
        fields: ClassVar[Any] = [
            "id",
            "state",
            "steps_done",
            "steps_total",
            "size",
            "sha256",
            "failure",
            "requested_by",
            "requested_at",
            "ended_at",
            "expires_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class ExportsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="workspace_export_list", responses=WorkspaceExportSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the exports that are kept or being made."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        return self.page(list_exports(tenant, at=timezone.now()), WorkspaceExportSerializer)

    @extend_schema(
        operation_id="workspace_export_create",
        request=FreshPasswordSerializer,
        responses={202: WorkspaceExportSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Ask for an export; a job makes it."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        require_password(request, self.read(FreshPasswordSerializer).get("password", ""))
        export = request_export(workspace=tenant, by=self.person, at=timezone.now())
        return Response(WorkspaceExportSerializer(export).data, status=202)


class WorkspaceExportView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="workspace_export_read", responses=WorkspaceExportSerializer)
    def get(self, request: Request, workspace: str, export_id: UUID) -> Response:
        """Read how far an export is."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        export = access_export(tenant, export_id, at=timezone.now())
        return Response(WorkspaceExportSerializer(export).data)

    @extend_schema(operation_id="workspace_export_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, export_id: UUID) -> Response:
        """Delete an export with its file; one that is being made stops."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        export = access_export(tenant, export_id, at=timezone.now())
        delete_export(export=export, by=self.person, at=timezone.now())
        return Response(status=204)


class WorkspaceExportFileView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="workspace_export_download",
        request=FreshPasswordSerializer,
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request, workspace: str, export_id: UUID) -> StreamingHttpResponse:
        """Fetch the ZIP file; the password is in the body, so that a key alone does not get it."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.OWN)
        user, key = bearer(request)
        require_password(request, self.read(FreshPasswordSerializer).get("password", ""))
        export = access_export_file(tenant, export_id, at=timezone.now())
        return start_download(export, user=user, api_key=key)
