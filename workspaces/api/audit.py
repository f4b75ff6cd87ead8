"""/api/v1/workspaces/<workspace>/audit and /api/v1/operator/audit: codes, data and the sentence."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.audit_words import Area, Reader
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.api.pagination import KeysetPagination
from workspaces.api.staff import OperatorView
from workspaces.api.workspaces import access_key_workspace
from workspaces.audit_filter import read_filter
from workspaces.audit_log import describe_events, serialize_entry
from workspaces.models import Workspace
from workspaces.queries import list_audit_events
from workspaces.services.audit_exports import record_audit_export
from workspaces.states import ApiScope
from workspaces.web.audit_files import stream_audit_lines


class AuditObjectSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField(help_text="As it is called now, in your language.")
    path = serializers.CharField(help_text="Its page on this instance if you may open it, else empty.")


class AuditActorSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()


class AuditChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the base class's label
    before = serializers.CharField(allow_null=True, help_text="Null where the log keeps no values.")
    after = serializers.CharField(allow_null=True)


class AuditEventSerializer(serializers.Serializer[Any]):
    sequence = serializers.IntegerField(help_text="Number in the log's chain of hashes.")
    at = serializers.DateTimeField()
    action = serializers.CharField()
    area = serializers.CharField(help_text="The kind of action, as the filter takes it.")
    sentence = serializers.CharField(help_text="What happened, in your language.")
    actor = AuditActorSerializer()
    is_automated = serializers.BooleanField()
    object = AuditObjectSerializer()
    changes = AuditChangeSerializer(many=True)
    reason = serializers.CharField()
    data = serializers.JSONField(  # type: ignore[assignment]  # a field, not the base class's result
        help_text="Ids, codes and values before and after, as they are stored."
    )
    hash = serializers.CharField(help_text="Empty for acts of the moderation of this instance.")


FILTER = [
    OpenApiParameter("person", OpenApiTypes.INT, description="Id of the person who acted."),
    OpenApiParameter("area", OpenApiTypes.STR, enum=Area.values, description="Kind of action."),
    OpenApiParameter("action", OpenApiTypes.STR),
    OpenApiParameter("since", OpenApiTypes.DATE, description="First day, in your time zone."),
    OpenApiParameter("until", OpenApiTypes.DATE, description="Last day, in your time zone."),
    OpenApiParameter("kind", OpenApiTypes.STR, description="Type of the object."),
    OpenApiParameter(
        "object",
        OpenApiTypes.STR,
        description='"type:id" of an object: what happened to it, and events that name it.',
    ),
]


class _AuditView(LoggiaAPIView):
    def list_events(self, request: Request, workspace: Workspace | None) -> Response:
        wanted = read_filter(request.query_params)
        reader = Reader(self.person, *((workspace.pk, workspace.slug) if workspace else (None,)))
        pagination = KeysetPagination()
        events = list_audit_events(workspace, wanted)
        entries = describe_events(pagination.paginate_queryset(events, request, self), reader)
        rows = [serialize_entry(entry) for entry in entries]
        return pagination.get_paginated_response(AuditEventSerializer(rows, many=True).data)


class WorkspaceAuditView(_AuditView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(operation_id="audit_list", parameters=FILTER, responses=AuditEventSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the workspace's audit log for its admins, newest first."""
        return self.list_events(request, access_key_workspace(request, workspace, to=WorkspaceAct.VIEW_AUDIT))


def _export(request: Request, workspace: Workspace | None) -> StreamingHttpResponse:
    user, key = bearer(request)
    wanted = read_filter(request.query_params)
    export = record_audit_export(workspace=workspace, wanted=wanted, kind="jsonl", by=user, at=timezone.now())
    return stream_audit_lines(workspace, wanted, user=user, newest=export.newest, api_key=key)


class WorkspaceAuditFileView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="audit_export",
        parameters=FILTER,
        responses={(200, "application/x-ndjson"): AuditEventSerializer},
    )
    def get(self, request: Request, workspace: str) -> StreamingHttpResponse:
        """Fetch the whole log, or what the filter leaves, as JSON lines, newest first."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.VIEW_AUDIT)
        return _export(request, tenant)


class PlatformAuditFileView(OperatorView):
    required_scopes: ClassVar = {"GET": ApiScope.OPERATOR_WORK}

    @extend_schema(
        operation_id="platform_audit_export",
        parameters=FILTER,
        responses={(200, "application/x-ndjson"): AuditEventSerializer},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Fetch what belongs to no workspace as JSON lines, newest first, for operators."""
        return _export(request, None)


class PlatformAuditView(OperatorView, _AuditView):
    required_scopes: ClassVar = {"GET": ApiScope.OPERATOR_WORK}

    @extend_schema(
        operation_id="platform_audit_list", parameters=FILTER, responses=AuditEventSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """List what belongs to no workspace, newest first, for operators."""
        return self.list_events(request, None)
