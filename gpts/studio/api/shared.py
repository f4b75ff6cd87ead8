"""/api/v1/shares: the GPTs that others share with the person."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.models import GPTShare
from gpts.assistants.queries.shares import list_shares_with
from gpts.assistants.services.shares import leave_share
from gpts.studio.access import access_share_with
from gpts.studio.api.shares import ShareGroupSerializer
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.states import ApiScope


class SharedGPTSerializer(serializers.ModelSerializer[GPTShare]):
    """``group`` is the person's group that it is shared with, null where it is shared with them alone."""

    gpt = serializers.CharField(source="gpt.slug", read_only=True)
    name = serializers.CharField(source="shown_name", read_only=True)
    workspace = serializers.CharField(source="gpt.workspace.slug", read_only=True)
    owner = PersonSerializer(source="gpt.owner", read_only=True)
    group = ShareGroupSerializer(read_only=True, allow_null=True)

    class Meta:
        model = GPTShare
        fields: ClassVar[Any] = ["id", "gpt", "name", "workspace", "owner", "right", "group", "created_at"]
        read_only_fields: ClassVar[Any] = fields


class SharedView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ}
    ordering = ("-id",)

    @extend_schema(operation_id="shared_with_me_list", responses=SharedGPTSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what others share with the person or their groups, the newest share first."""
        return self.page(list_shares_with(self.person), SharedGPTSerializer)


class SharedGPTView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="shared_with_me_leave", request=None, responses={204: None})
    def delete(self, request: Request, share_id: int) -> Response:
        """Give up a share with the person; 403 for one with a group of theirs."""
        leave_share(share=access_share_with(self.person, share_id), by=self.person, at=timezone.now())
        return Response(status=204)
