"""/api/v1/workspaces/<workspace>/api-keys: the keys that act in a company, for its admins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from workspaces.access import WorkspaceAct, access_workspace_key
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import ApiKey
from workspaces.queries import list_workspace_keys
from workspaces.services.api_keys import revoke_api_key
from workspaces.states import ApiScope


class WorkspaceKeySerializer(serializers.ModelSerializer[ApiKey]):
    user = PersonSerializer(read_only=True)

    class Meta:
        model = ApiKey
        fields: ClassVar[Any] = [
            "id", "name", "prefix", "user", "scopes", "created_at", "last_used_at", "expires_at",
        ]  # fmt: skip
        read_only_fields: ClassVar[Any] = fields


class WorkspaceKeysView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="workspace_key_list",
        parameters=[OpenApiParameter("person", OpenApiTypes.INT, description="Id of an account.")],
        responses=WorkspaceKeySerializer(many=True),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List the keys that act in this workspace, whoever's they are, without those revoked."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        sent = request.query_params.get("person", "")
        if sent and not (sent.isascii() and sent.isdigit() and len(sent) < 19):
            raise InvalidInput(_("Choose a person from the list."), code="person_invalid", field="person")
        return self.page(
            list_workspace_keys(tenant, user_id=int(sent) if sent else None), WorkspaceKeySerializer
        )


class WorkspaceKeyView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="workspace_key_revoke", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str, key_id: int) -> Response:
        """Revoke a key, effective at once. Its person is told."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        revoke_api_key(key=access_workspace_key(tenant, key_id), by=self.person, at=timezone.now())
        return Response(status=204)
