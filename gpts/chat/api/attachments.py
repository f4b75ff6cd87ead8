"""Files of chats in the API: upload, state of the reading, download, removal."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.scope import current_scope
from gpts.assistants.access import access_chat, recheck_chat
from gpts.chat.api.conversations import access_own_conversation_to_continue
from gpts.chat.attachment_reading import describe_failure
from gpts.chat.models import Attachment
from gpts.chat.queries.attachments import access_attachment, reads_images
from gpts.chat.services.attachments import add_attachment, remove_attachment
from gpts.chat.services.turn_inputs import get_usable_model
from gpts.chat.streaming.begin import Requester, get_chat_workspace_id
from gpts.chat.web.files import build_file_response, model_reads_images
from gpts.knowledge.remark_messages import describe_remarks
from gpts.knowledge.remark_serializers import RemarkSerializer
from gpts.metering.states import UsageSource
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    failure = serializers.SerializerMethodField()
    remarks = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = (
            "id",
            "name",
            "kind",
            "media_type",
            "size",
            "state",
            "failure",
            "remarks",
            "characters",
            "created_at",
        )
        read_only_fields = fields

    @extend_schema_field(RemarkSerializer(many=True))
    def get_remarks(self, attachment: Attachment) -> Any:
        return RemarkSerializer(describe_remarks(attachment.remarks), many=True).data

    def get_failure(self, attachment: Attachment) -> str:
        return describe_failure(attachment.failure)


class AttachmentUploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()


class FirstAttachmentsView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": "chat"}

    @extend_schema(
        operation_id="gpts_attachments_create",
        request={"multipart/form-data": AttachmentUploadSerializer},
        responses={201: AttachmentSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Add a file for the first message of a new conversation; send its id as one of `attachments`."""
        user, key = bearer(request)
        gpt, version, _relation = access_chat(user, slug)
        requester = Requester(user, current_scope(), UsageSource.API, key.workspace_id, "en", key.pk)
        attachment = add_attachment(
            upload=self.read(AttachmentUploadSerializer)["file"],
            workspace_id=get_chat_workspace_id(requester, gpt),
            conversation=None,
            reads_images=reads_images(get_usable_model(gpt, version)),
            by=user,
            at=timezone.now(),
        )
        return Response(AttachmentSerializer(attachment).data, status=201)


class AttachmentsView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": "chat"}

    @extend_schema(
        operation_id="conversations_attachments_create",
        request={"multipart/form-data": AttachmentUploadSerializer},
        responses={201: AttachmentSerializer},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Add a file for the next message of a conversation."""
        conversation = access_own_conversation_to_continue(request, conversation_id)
        recheck_chat(self.person, conversation.gpt, is_draft=conversation.version_id is None)
        attachment = add_attachment(
            upload=self.read(AttachmentUploadSerializer)["file"],
            workspace_id=conversation.workspace_id,
            conversation=conversation,
            reads_images=model_reads_images(conversation),
            by=self.person,
            at=timezone.now(),
        )
        return Response(AttachmentSerializer(attachment).data, status=201)


class AttachmentView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat", "DELETE": "chat"}

    @extend_schema(operation_id="attachments_retrieve", responses=AttachmentSerializer)
    def get(self, request: Request, attachment_id: UUID) -> Response:
        """Read the state of a file; it can be sent when `state` is ready."""
        return Response(AttachmentSerializer(access_own_attachment(request, attachment_id)).data)

    @extend_schema(operation_id="attachments_destroy", request=None, responses={204: None})
    def delete(self, request: Request, attachment_id: UUID) -> Response:
        """Remove a file that was not sent."""
        remove_attachment(attachment=access_own_attachment(request, attachment_id))
        return Response(status=204)


class AttachmentContentView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(
        operation_id="attachments_content_retrieve",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, attachment_id: UUID) -> HttpResponse:
        """Fetch the bytes of a file."""
        return build_file_response(access_own_attachment(request, attachment_id), as_download=True)


def access_own_attachment(request: Request, attachment_id: UUID) -> Attachment:
    user, key = bearer(request)
    return access_attachment(user, attachment_id, workspace_id=key.workspace_id)
