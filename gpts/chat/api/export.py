"""Downloads of conversations in the API."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.chat.api.conversations import access_own_conversation
from gpts.chat.export import build_export, check_export
from gpts.chat.web.export import stream_export
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer


class ExportView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(operation_id="conversations_export_retrieve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read a conversation with all its branches, models, tokens and cost (loggia.conversation/1)."""
        conversation = access_own_conversation(request, conversation_id)
        check_export(self.person, conversation.workspace_id)
        return Response(build_export(conversation))


class ExportAllView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(
        operation_id="conversations_export_list",
        responses={(200, "application/jsonl"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Fetch your conversations in the key's workspace, one of loggia.conversation/1 a line."""
        user, key = bearer(request)
        return stream_export(user, api_key=key)
